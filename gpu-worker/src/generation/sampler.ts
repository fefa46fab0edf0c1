/**
 * From noise to clean latents by the solver that a package names. A sampler is a pure function of latents, noise levels and
 * what the network predicts; it knows nothing of prompts, guidance or chunks.
 */
import type { Float32Tensor } from '../model/tensor.ts';
import { sampleDdim } from './ddim.ts';
import { sampleDpmSolver2m } from './dpm-solver-2m.ts';
import { type ChunkSource, noisyStart, skippedSteps } from './edit-start.ts';
import { eulerStep } from './euler-step.ts';
import { type NoiseLevel, noiseLevels, type Schedule } from './schedule.ts';

/** What the network says of noisy latents: velocity, noise or v, as its schedule has it. */
export type Predict = (latents: Float32Tensor, level: NoiseLevel) => Promise<Float32Tensor>;

/** Standard normals of the latents' size, of a step's own. */
export type StepNoise = (step: number) => Float32Array;

/**
 * @param noise standard normals
 * @param source what to begin from in place of noise alone; the steps that it leaves keep their levels and their noise
 */
export function sample(
  schedule: Schedule,
  noise: Float32Tensor,
  predict: Predict,
  noiseOf: StepNoise,
  source: ChunkSource | null = null,
): Promise<Float32Tensor> {
  const all = noiseLevels(schedule);
  const skipped = source ? skippedSteps(schedule.num_inference_steps, source.strength) : 0;
  const latents = source ? noisyStart(source.latents, noise, all, skipped) : noise;
  const levels = all.slice(skipped);
  const prediction = schedule.betas?.prediction ?? 'velocity';
  switch (schedule.sampler) {
    case 'euler':
      return sampleEuler(levels, latents, predict);
    case 'ddim':
      return sampleDdim(levels, latents, predict, prediction, schedule.eta, (step) => noiseOf(skipped + step));
    case 'dpm-solver-2m':
      return sampleDpmSolver2m(levels, latents, predict, prediction);
  }
}

export async function sampleEuler(levels: readonly NoiseLevel[], latents: Float32Tensor, predict: Predict): Promise<Float32Tensor> {
  for (const [from, to] of stepsOf(levels)) latents = eulerStep(latents, await predict(latents, from), from.sigma, to.sigma);
  return latents;
}

/** Each level with the one after it. */
export function stepsOf(levels: readonly NoiseLevel[]): [NoiseLevel, NoiseLevel][] {
  return levels.slice(0, -1).flatMap((from, index) => {
    const to = levels[index + 1];
    return to ? [[from, to] as [NoiseLevel, NoiseLevel]] : [];
  });
}
