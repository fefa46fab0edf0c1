/**
 * From noise to clean latents by the solver that a package names. A sampler is a pure function of latents, noise levels and
 * what the network predicts; it knows nothing of prompts, guidance or chunks.
 */
import type { Float32Tensor } from '../model/tensor.ts';
import { sampleDdim } from './ddim.ts';
import { sampleDpmSolver2m } from './dpm-solver-2m.ts';
import { eulerStep } from './euler-step.ts';
import { type NoiseLevel, noiseLevels, type Schedule } from './schedule.ts';

/** What the network says of noisy latents: velocity, noise or v, as its schedule has it. */
export type Predict = (latents: Float32Tensor, level: NoiseLevel) => Promise<Float32Tensor>;

/** Standard normals of the latents' size, of a step's own. */
export type StepNoise = (step: number) => Float32Array;

/** @param latents standard normals */
export function sample(schedule: Schedule, latents: Float32Tensor, predict: Predict, noiseOf: StepNoise): Promise<Float32Tensor> {
  const levels = noiseLevels(schedule);
  const prediction = schedule.betas?.prediction ?? 'velocity';
  switch (schedule.sampler) {
    case 'euler':
      return sampleEuler(levels, latents, predict);
    case 'ddim':
      return sampleDdim(levels, latents, predict, prediction, schedule.eta, noiseOf);
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
