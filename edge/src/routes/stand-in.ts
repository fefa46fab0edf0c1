/**
 * What clients of the service that was switched off still send: its models' names, and its sizes. The default model stands
 * in for them, and every answer says so, unless the deployment or a strict request refuses that.
 */
import {
  type CreateVideoRequest,
  type ModelPackage,
  parseStrict,
  RETIRED_MODELS,
  RETIRED_SIZES,
  type RequestWarning,
} from '@everframe/shared';

export interface StoodIn {
  readonly request: CreateVideoRequest;
  readonly warnings: readonly RequestWarning[];
}

/** The request as it came, where it names none of those models. A size of theirs becomes the stand-in's own. */
export function standIn(request: CreateVideoRequest, [first]: readonly ModelPackage[], allowed: boolean): StoodIn {
  const { model, size } = request;
  if (!first || !allowed || !includes(RETIRED_MODELS, model) || parseStrict(request)) return { request, warnings: [] };
  const replaced = includes(RETIRED_SIZES, size) && !first.sizes.includes(size);
  const { size: _, ...others } = request;
  return {
    request: { ...(replaced ? others : request), model: first.name },
    warnings: [
      { code: 'model_replaced', param: 'model', message: `'${model}' is no longer served by anyone; ${first.name} makes the video.` },
      ...(replaced
        ? [
            {
              code: 'size_replaced' as const,
              param: 'size',
              message: `${first.name} has no size '${size}'; the video has ${first.sizes[0]}.`,
            },
          ]
        : []),
    ],
  };
}

function includes<Name extends string>(names: readonly Name[], value: unknown): value is Name {
  return names.some((name) => name === value);
}
