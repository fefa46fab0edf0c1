/**
 * Noise levels of a chunk's steps. The convention, stated once:
 * noisy = alpha * clean + sigma * noise, from noise at first to clean latents at last.
 * Where a package names no betas, alpha = 1 - sigma, the denoiser's velocity is noise - clean, and sigmas fall from 1 to a
 * final 0; `models/schedule.py` is the twin of that. `beta-schedule.ts` has the other kind.
 */
import type { ModelPackage } from '@everframe/shared';
import { betaLevels } from './beta-schedule.ts';

export type Schedule = ModelPackage['schedule'];

export interface NoiseLevel {
  /** By which the denoiser is told the level: sigma, or the timestep where it was trained on these. */
  readonly told: number;
  readonly alpha: number;
  readonly sigma: number;
}

/** One more than there are steps; the last is clean. */
export function noiseLevels({
  num_inference_steps,
  shift,
  betas,
}: Pick<Schedule, 'num_inference_steps' | 'shift' | 'betas'>): NoiseLevel[] {
  if (betas) return betaLevels(betas, num_inference_steps);
  return Array.from(makeSigmas(num_inference_steps, shift), (sigma) => ({ told: sigma, alpha: 1 - sigma, sigma }));
}

/**
 * One more than there are steps, evenly spaced, then shifted towards 1.
 * @param shift sigma' = shift * sigma / (1 + (shift - 1) * sigma); 1 leaves them even
 */
export function makeSigmas(num_inference_steps: number, shift: number): Float64Array {
  return Float64Array.from({ length: num_inference_steps + 1 }, (_, index) => {
    const sigma = 1 - index / num_inference_steps;
    return (shift * sigma) / (1 + (shift - 1) * sigma);
  });
}
