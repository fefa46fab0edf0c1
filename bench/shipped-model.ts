/** What every benchmark of the engine runs on: the shipped package, and a video of it. */
import { fileURLToPath } from 'node:url';
import type { GenerationCommand, ModelPackage } from '@everframe/shared';
import { type InstalledPackage, readPackage } from '../gpu-worker/src/model/model-config.ts';

export const never: AbortSignal = new AbortController().signal;

export function readShipped(): Promise<InstalledPackage> {
  return readPackage(fileURLToPath(new URL('../models/packages/everframe-storybook-1', import.meta.url)));
}

export function videoOf(model: ModelPackage, frames: number): GenerationCommand {
  const [width = 0, height = 0] = (model.sizes[0] ?? '').split('x').map(Number);
  const length = { seconds: Math.ceil(frames / model.fps), frames, fps: model.fps };
  const prompts = { prompt: 'a golden puppy runs on the beach', negative_prompt: '', segments: [], prompt_disclosure: 'hash' as const };
  return { model: model.name, model_version: model.version, ...prompts, seed: 1, ...length, width, height };
}
