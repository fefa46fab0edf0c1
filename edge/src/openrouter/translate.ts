/**
 * The fields of OpenRouter's video dialect as those of `POST /v1/videos`, whose parser judges them. What no served model can
 * do is refused; what changes no video (`user`, `session_id`, `trace`, options of other providers) is taken and left.
 */
import { type CreateVideoRequest, EverframeError, type ModelPackage } from '@everframe/shared';
import { chooseSize } from './choose-size.ts';
import { firstFrame } from './first-frame.ts';

export const FIELDS = [
  ...['model', 'prompt', 'duration', 'resolution', 'aspect_ratio', 'size', 'seed', 'generate_audio', 'frame_images', 'input_references'],
  ...['provider', 'user', 'session_id', 'trace', 'creativity', 'upscale_factor'],
] as const;

/** Of `provider.options.everframe`: what the dialect has no word for. */
export const PASSTHROUGH = ['segments', 'negative_prompt', 'prompt_disclosure', 'strict'] as const;

type Fields = Readonly<Record<string, unknown>>;

/** @param body without `previous_job_id` and `callback_url`, which say nothing of the picture; a member that is null is as good as none */
export function toCreateRequest(body: Fields, packages: readonly ModelPackage[]): CreateVideoRequest {
  const fields = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  refuseUnknown(fields, FIELDS, '');
  refuseUnsupported(fields);
  const model = fields.model === undefined ? packages[0] : packages.find(({ name }) => name === fields.model);
  // Of a model that is not served, the parser says so, or what stands in for it.
  const size = model ? chooseSize(fields, model) : fields.size;
  const image_url = firstFrame(fields.frame_images);
  return {
    ...passedThrough(fields.provider),
    ...(fields.prompt !== undefined && { prompt: fields.prompt }),
    ...(fields.model !== undefined && { model: fields.model }),
    ...(fields.duration !== undefined && { seconds: fields.duration }),
    ...(size !== undefined && { size }),
    ...(fields.seed !== undefined && { seed: fields.seed }),
    ...(image_url !== undefined && { input_reference: { image_url } }),
  };
}

function refuseUnsupported({ generate_audio, input_references, creativity, upscale_factor }: Fields): void {
  if (generate_audio !== undefined && typeof generate_audio !== 'boolean') {
    throw new EverframeError('invalid_type', "'generate_audio' must be true or false.", { param: 'generate_audio' });
  }
  if (generate_audio === true) throw unsupported('generate_audio', 'No model served here makes sound. Leave it out, or send false.');
  if (!isEmpty(input_references)) {
    throw unsupported('input_references', 'No model served here can be shown references. Leave it out, and say it in the prompt.');
  }
  if (creativity !== undefined) throw unsupported('creativity', 'No model served here makes videos larger. Leave it out.');
  if (upscale_factor !== undefined) throw unsupported('upscale_factor', 'No model served here makes videos larger. Leave it out.');
}

function isEmpty(list: unknown): boolean {
  return list === undefined || (Array.isArray(list) && list.length === 0);
}

/** What a request says to us alone. Options for other providers are none of ours. */
function passedThrough(provider: unknown): Fields {
  const options = optionalObject(optionalObject(provider, 'provider').options, 'provider.options');
  const own = optionalObject(options.everframe, 'provider.options.everframe');
  refuseUnknown(own, PASSTHROUGH, 'provider.options.everframe.');
  return own;
}

function optionalObject(value: unknown, param: string): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  throw new EverframeError('invalid_type', `'${param}' must be an object.`, { param });
}

function refuseUnknown(fields: Fields, known: readonly string[], prefix: string): void {
  const unknown = Object.keys(fields).find((field) => !known.includes(field));
  if (unknown === undefined) return;
  const param = `${prefix}${unknown.slice(0, 60).toWellFormed()}`;
  throw new EverframeError('unknown_parameter', `Unknown parameter: '${param}'. Known are ${known.join(', ')}.`, { param });
}

function unsupported(param: string, message: string): EverframeError {
  return new EverframeError('unsupported_parameter', message, { param });
}
