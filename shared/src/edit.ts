/**
 * From a request to edit a video to the command of the edited one: as long and as large as the video, of its seed, told the
 * new prompt, and begun from the video's own pictures.
 */
import { EverframeError } from './errors.ts';
import { type CreateVideoRequest, type GenerationCommand, toGenerationCommand } from './generation.ts';
import type { ModelPackage } from './model-package.ts';
import { requireServed } from './served-model.ts';

/** Where the shipped model changes what a prompt names and keeps where things are and how they move; `docs/api.md` shows it. */
export const EDIT_STRENGTH_DEFAULT = 0.75;

/**
 * @param request `prompt`, `strength`, and of a create's fields those that say what is seen
 * @param packages those that are served
 * @throws EverframeError naming field, rule and value
 */
export function toEditCommand(
  { strength, ...request }: CreateVideoRequest,
  video_id: string,
  parent: GenerationCommand,
  packages: readonly ModelPackage[],
): GenerationCommand {
  const model = requireServed(parent, packages, 'its pictures mean nothing to it');
  const { negative_prompt, prompt_disclosure, width, height, seed, seconds, frames } = parent;
  if (seconds > model.seconds.max) {
    const message = `The video is ${seconds} s long; ${model.name} edits up to ${model.seconds.max} s.`;
    throw new EverframeError('invalid_value', `${message} Remix it, or edit a shorter one.`, { param: 'video' });
  }
  const as_it_is = { model: model.name, seconds, size: `${width}x${height}`, seed };
  const command = toGenerationCommand({ negative_prompt, prompt_disclosure, ...request, ...as_it_is }, packages, seed);
  // An endless video may have ended within a second.
  return { ...command, frames, edits: { video_id, strength: parseStrength(strength) } };
}

function parseStrength(value: unknown): number {
  if (value === undefined) return EDIT_STRENGTH_DEFAULT;
  // Form fields have only text.
  const strength = typeof value === 'string' && /^\d(\.\d{1,6})?$/.test(value) ? Number(value) : value;
  if (typeof strength === 'number' && strength >= 0 && strength <= 1) return strength;
  throw new EverframeError(
    'invalid_value',
    `'strength' must be a number from 0, the video's own course, to 1, a new video; got ${JSON.stringify(value)?.slice(0, 60)}.`,
    { param: 'strength' },
  );
}
