/**
 * Noise levels of a denoiser that was trained on discrete timesteps (DDPM, Ho et al., 2020): alpha ** 2 is the product of
 * 1 - beta up to the timestep, and sigma ** 2 is what is left to 1.
 */
import type { NoiseLevel, Schedule } from './schedule.ts';

export type BetaSchedule = NonNullable<Schedule['betas']>;

/** One more than there are steps; the last is clean, or has the noise of timestep 0. */
export function betaLevels(settings: BetaSchedule, num_inference_steps: number): NoiseLevel[] {
  const alphas_squared = cumulativeAlphas(settings);
  const levels = timestepsOf(settings, num_inference_steps).map((told) => {
    const squared = alphas_squared[told] ?? Number.NaN;
    return { told, alpha: Math.sqrt(squared), sigma: Math.sqrt(1 - squared) };
  });
  return [...levels, lastLevel(settings, alphas_squared)];
}

function lastLevel({ last }: BetaSchedule, alphas_squared: Float64Array): NoiseLevel {
  const squared = last === 'first_timestep' ? (alphas_squared[0] ?? Number.NaN) : 1;
  return { told: 0, alpha: Math.sqrt(squared), sigma: Math.sqrt(1 - squared) };
}

/** Where the steps are taken, from noise to clean; the published samplers' `leading` has an offset of 1. */
export function timestepsOf({ train_timesteps, spacing }: BetaSchedule, num_inference_steps: number): number[] {
  const steps = Array.from({ length: num_inference_steps }, (_, index) => index);
  const stride = train_timesteps / num_inference_steps;
  switch (spacing) {
    case 'leading':
      return steps.map((index) => (num_inference_steps - 1 - index) * Math.floor(stride) + 1);
    case 'trailing':
      return steps.map((index) => roundHalfEven(train_timesteps - index * stride) - 1);
    case 'linspace':
      return steps.map((index) => roundHalfEven(((train_timesteps - 1) * (num_inference_steps - index)) / num_inference_steps));
  }
}

function cumulativeAlphas({ curve, start, end, train_timesteps }: BetaSchedule): Float64Array {
  const products = new Float64Array(train_timesteps);
  let product = 1;
  for (let timestep = 0; timestep < train_timesteps; timestep++) {
    const place = timestep / Math.max(1, train_timesteps - 1);
    product *= 1 - betaAt(curve, start, end, place);
    products[timestep] = product;
  }
  return products;
}

/** Even in beta, or even in its root. */
function betaAt(curve: BetaSchedule['curve'], start: number, end: number, place: number): number {
  switch (curve) {
    case 'linear':
      return start + (end - start) * place;
    case 'scaled-linear':
      return (Math.sqrt(start) + (Math.sqrt(end) - Math.sqrt(start)) * place) ** 2;
  }
}

/** As the reference language rounds; `Math.round` takes halves up. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
