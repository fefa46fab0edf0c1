/**
 * Where a chunk that is made after another one begins (SDEdit, Meng et al., 2022, arXiv 2108.01073): not with noise, but with
 * that chunk's clean latents, noised to one of the schedule's levels. From there the solver goes on as it always does.
 */
import { combine, type Float32Tensor } from '../model/tensor.ts';
import type { NoiseLevel } from './schedule.ts';

export interface ChunkSource {
  /** Clean, of the chunk's own shape. */
  readonly latents: Float32Tensor;
  /** Share of the steps that are taken, to the nearest: 0 gives the source back, 1 makes the chunk as if there were none. */
  readonly strength: number;
}

/** How many of the first steps are left out. Whatever is above 0 takes at least one. */
export function skippedSteps(num_inference_steps: number, strength: number): number {
  const taken = Math.round(strength * num_inference_steps);
  return num_inference_steps - (strength > 0 ? Math.max(1, taken) : 0);
}

/** Latents at `levels[skipped]`. At the first level they are the noise alone, as solvers begin without a source. */
export function noisyStart(clean: Float32Tensor, noise: Float32Tensor, levels: readonly NoiseLevel[], skipped: number): Float32Tensor {
  const level = levels[skipped];
  if (!level) throw new RangeError(`there is no level ${skipped} of ${levels.length}`);
  if (skipped === 0) return noise;
  if (level.sigma === 0) return clean;
  return combine(clean, noise, (value, drawn) => level.alpha * value + level.sigma * drawn);
}
