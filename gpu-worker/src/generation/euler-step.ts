/** The flow solver's arithmetic (`schedule.ts` states the convention), in double precision before it is rounded. */
import { combine, type Float32Tensor } from '../model/tensor.ts';

/** One step down in sigma along the velocity. */
export function eulerStep(latents: Float32Tensor, velocity: Float32Tensor, from: number, to: number): Float32Tensor {
  return combine(latents, velocity, (value, slope) => value + (to - from) * slope);
}

/** The clean latents that a velocity points at. */
export function cleanLatents(latents: Float32Tensor, velocity: Float32Tensor, sigma: number): Float32Tensor {
  return combine(latents, velocity, (value, slope) => value - sigma * slope);
}

/** The same step as `eulerStep`, towards clean latents; at sigma 0 it arrives at them exactly. */
export function stepTowards(latents: Float32Tensor, clean: Float32Tensor, from: number, to: number): Float32Tensor {
  return combine(latents, clean, (value, goal) => goal + (to / from) * (value - goal));
}
