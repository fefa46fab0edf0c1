/**
 * The shipped model without its second stage, for timings alone. Its decoder takes the refiner's size and no other, so the
 * base's latents are repeated to that: the same passes of family and decoder, and a picture that nobody should look at.
 */
import type { OpenedModel } from '../gpu-worker/src/generation/family.ts';
import { type Float32Tensor, float32 } from '../gpu-worker/src/model/tensor.ts';
import type { VaeDecoder } from '../gpu-worker/src/model/vae-decoder.ts';

export function withoutRefiner(opened: OpenedModel): OpenedModel {
  const { refiner } = opened.model;
  if (!refiner) return opened;
  const enlarge = (latents: Float32Tensor) => repeatCells(latents, refiner.latent_height, refiner.latent_width);
  const decode: VaeDecoder['decode'] = (latents, before) => opened.vae_decoder.decode(enlarge(latents), before && enlarge(before));
  return { ...opened, model: { ...opened.model, refiner: null }, refiner: null, vae_decoder: { decode } };
}

function repeatCells({ dims, values }: Float32Tensor, height: number, width: number): Float32Tensor {
  const [count = 0, channels = 0, rows = 0, columns = 0] = dims;
  const large = float32([count, channels, height, width]);
  for (let index = 0; index < large.values.length; index++) {
    const [plane, row, column] = [Math.floor(index / (height * width)), Math.floor(index / width) % height, index % width];
    large.values[index] =
      values[(plane * rows + Math.floor((row * rows) / height)) * columns + Math.floor((column * columns) / width)] ?? 0;
  }
  return large;
}
