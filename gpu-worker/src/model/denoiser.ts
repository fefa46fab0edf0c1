/** Noisy latents and what conditions them to velocity, noise minus clean. */
import { join } from 'node:path';
import type { InstalledPackage } from './model-config.ts';
import { asFloat32, openSession, type SessionOptions } from './session.ts';
import type { Float32Tensor } from './tensor.ts';
import type { TextEncoding } from './text-encoder.ts';

export interface DenoiserInputs extends TextEncoding {
  /** [B, C, F, H, W] */
  readonly latents: Float32Tensor;
  /** [B, F]; 0 marks a frame that is given clean. */
  readonly sigmas: Float32Tensor;
  /** [B, A, D] */
  readonly anchor_tokens: Float32Tensor;
  /** [B]; 0 tells the network to ignore the tokens. */
  readonly anchor_present: Float32Tensor;
}

export interface Denoiser {
  /** Velocity [B, C, F, H, W]; B is 1, or 2 for guidance. */
  predict(inputs: DenoiserInputs): Promise<Float32Tensor>;
}

export async function openDenoiser({ model, dir }: InstalledPackage, options: SessionOptions): Promise<Denoiser> {
  const { channels, height, width } = model.latent;
  const { frames } = model.chunk;
  const latents = { dtype: 'float32', dims: ['batch', channels, frames, height, width] } as const;
  const session = await openSession(
    join(dir, model.files.denoiser.path),
    {
      latents,
      sigmas: { dtype: 'float32', dims: ['batch', frames] },
      text_tokens: { dtype: 'float32', dims: ['batch', model.text.max_tokens, model.text.width] },
      text_mask: { dtype: 'float32', dims: ['batch', model.text.max_tokens] },
      text_pooled: { dtype: 'float32', dims: ['batch', model.text.width] },
      anchor_tokens: { dtype: 'float32', dims: ['batch', model.anchor.tokens, model.text.width] },
      anchor_present: { dtype: 'float32', dims: ['batch'] },
    },
    { velocity: latents },
    options,
  );
  return {
    async predict(inputs) {
      return asFloat32((await session.run({ ...inputs })).velocity);
    },
  };
}
