/**
 * DPM-Solver++ (2M) (Lu et al., 2022, algorithm 2): second order by what the step before predicted, one evaluation a step.
 * The first step has none before it, and the last arrives at the prediction itself, so both are of first order.
 */
import { combine, type Float32Tensor } from '../model/tensor.ts';
import { cleanOf, type Prediction } from './prediction.ts';
import { type Predict, stepsOf } from './sampler.ts';
import type { NoiseLevel } from './schedule.ts';

export async function sampleDpmSolver2m(
  levels: readonly NoiseLevel[],
  latents: Float32Tensor,
  predict: Predict,
  prediction: Prediction,
): Promise<Float32Tensor> {
  let before: { clean: Float32Tensor; lambda: number } | undefined;
  for (const [from, to] of stepsOf(levels)) {
    const clean = combine(latents, await predict(latents, from), (noisy, value) => cleanOf(prediction, noisy, value, from));
    const lambda = halfLogSnr(from);
    const step = halfLogSnr(to) - lambda;
    // Half of the step over the one before it; no slope towards clean latents, whose lambda is infinite.
    const slope = before && to.sigma > 0 ? step / (lambda - before.lambda) / 2 : 0;
    const goal = before ? combine(clean, before.clean, (now, earlier) => now + slope * (now - earlier)) : clean;
    latents = combine(latents, goal, (noisy, value) => (to.sigma / from.sigma) * noisy - to.alpha * Math.expm1(-step) * value);
    before = { clean, lambda };
  }
  return latents;
}

/** lambda = log(alpha / sigma); infinite at either end. */
function halfLogSnr({ alpha, sigma }: NoiseLevel): number {
  return Math.log(alpha) - Math.log(sigma);
}
