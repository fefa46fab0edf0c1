/** The package that made a video, which whatever is made out of that video's own state needs again. */
import { EverframeError } from './errors.ts';
import type { GenerationCommand } from './generation.ts';
import type { ModelPackage } from './model-package.ts';

/**
 * @param packages those that are served
 * @param so what can't be done without it, as the refusal says it
 * @throws EverframeError naming both versions
 */
export function requireServed(
  { model, model_version }: Pick<GenerationCommand, 'model' | 'model_version'>,
  packages: readonly ModelPackage[],
  so: string,
): ModelPackage {
  const served = packages.find(({ name }) => name === model);
  if (served?.version === model_version) return served;
  const now = served ? `version ${served.version} is served now` : 'it is served no longer';
  throw new EverframeError(
    'unsupported_operation',
    `The video was made by version ${model_version} of ${model}; ${now}, so ${so}. Create a new video.`,
    { param: 'video' },
  );
}
