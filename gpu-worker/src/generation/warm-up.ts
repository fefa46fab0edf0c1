/**
 * A device compiles a network's kernels in its first run, which can take longer than many chunks: so a short video is made of
 * nobody's prompt before the first customer waits. On a CPU the first run is like any other.
 */
import type { GenerationCommand } from '@everframe/shared';
import type { OpenedModel } from './family.ts';
import { generate } from './generate.ts';
import { startState } from './state.ts';

/** Runs every network of the model in every shape that a video has. */
export async function warmUp(opened: OpenedModel, signal: AbortSignal): Promise<void> {
  const { name, version, fps, sizes } = opened.model;
  const [width = 0, height = 0] = (sizes[0] ?? '').split('x').map(Number);
  const { latent, latent_frames, distinct_chunks } = opened.family.describe();
  const frames = distinct_chunks * latent_frames * latent.frames_per_latent;
  const prompts = { prompt: 'warm-up', negative_prompt: '', segments: [], prompt_disclosure: 'hash' as const };
  const command: GenerationCommand = {
    ...{ model: name, model_version: version, ...prompts, seed: 0 },
    ...{ seconds: Math.ceil(frames / fps), frames, fps, width, height },
  };
  for await (const { frame_count } of generate(command, opened, startState(command, opened), signal)) {
    if (frame_count === 0) throw new Error('the warm-up made an empty chunk');
  }
}
