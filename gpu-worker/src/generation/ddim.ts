/** DDIM (Song et al., 2021), equations 12 and 16: a share `eta` of each step's noise is new, the rest is the predicted one. */
import { combine, type Float32Tensor } from '../model/tensor.ts';
import { cleanOf, noiseOf, type Prediction } from './prediction.ts';
import { type Predict, type StepNoise, stepsOf } from './sampler.ts';
import type { NoiseLevel } from './schedule.ts';

export async function sampleDdim(
  levels: readonly NoiseLevel[],
  latents: Float32Tensor,
  predict: Predict,
  prediction: Prediction,
  eta: number,
  stepNoise: StepNoise,
): Promise<Float32Tensor> {
  for (const [step, [from, to]] of stepsOf(levels).entries()) {
    const predicted = await predict(latents, from);
    const fresh_sigma = eta * forwardDeviation(from, to);
    const kept_sigma = Math.sqrt(Math.max(0, to.sigma ** 2 - fresh_sigma ** 2));
    const fresh = fresh_sigma > 0 ? stepNoise(step) : null;
    latents = combine(latents, predicted, (noisy, value, index) => {
      const clean = cleanOf(prediction, noisy, value, from);
      const noise = noiseOf(prediction, noisy, value, from);
      return to.alpha * clean + kept_sigma * noise + fresh_sigma * (fresh?.[index] ?? 0);
    });
  }
  return latents;
}

/** Standard deviation of what the forward process adds between the levels, seen from the later; 0 where `to` is clean. */
function forwardDeviation(from: NoiseLevel, to: NoiseLevel): number {
  return (to.sigma / from.sigma) * Math.sqrt(1 - (from.alpha / to.alpha) ** 2);
}
