/** The solver's one step, each frame at its own noise level; a frame that is clean already stays as it is. */
import { type Float32Tensor, float32, latentDims } from '../model/tensor.ts';

/**
 * latents + (to - from) * velocity, in double precision before it is rounded.
 * @param from sigma of each frame now
 * @param to sigma of each frame after the step
 */
export function eulerStep(latents: Float32Tensor, velocity: Float32Tensor, from: Float64Array, to: Float64Array): Float32Tensor {
  const { channels, frames, height, width } = latentDims(latents);
  const place = height * width;
  const stepped = float32(latents.dims, latents.values.slice());
  for (let channel = 0; channel < channels; channel++) {
    for (let frame = 0; frame < frames; frame++) {
      const delta = (to[frame] ?? 0) - (from[frame] ?? 0);
      if (delta === 0) continue;
      const start = (channel * frames + frame) * place;
      for (let index = start; index < start + place; index++) {
        stepped.values[index] = (latents.values[index] ?? 0) + delta * (velocity.values[index] ?? 0);
      }
    }
  }
  return stepped;
}
