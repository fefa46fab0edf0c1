/** Noisy latents and what conditions them to velocity, noise minus clean. */
import { join } from 'node:path';
import type { Context } from './anchor-encoder.ts';
import { contextSignature, memoryDims } from './cam-encoder.ts';
import type { InstalledPackage } from './model-config.ts';
import { asFloat32, openSession, type SessionOptions } from './session.ts';
import type { Float32Tensor } from './tensor.ts';

export interface DenoiserInputs extends Context {
  /** [B, C, F, H, W] */
  readonly latents: Float32Tensor;
  /** [B] */
  readonly sigma: Float32Tensor;
  /** [blocks, 2, B, tokens, D] */
  readonly memory: Float32Tensor;
  /** [B]; 0 tells the network to ignore the memory. */
  readonly memory_present: Float32Tensor;
}

export interface Denoiser {
  /** Velocity [B, C, F, H, W]; B is 1, or 2 for guidance. */
  predict(inputs: DenoiserInputs): Promise<Float32Tensor>;
}

export async function openDenoiser({ model, dir }: InstalledPackage, options: SessionOptions): Promise<Denoiser> {
  const { channels, height, width } = model.latent;
  const latents = { dtype: 'float32', dims: ['batch', channels, model.chunk.latent_frames, height, width] } as const;
  const session = await openSession(
    join(dir, model.files.denoiser.path),
    {
      latents,
      sigma: { dtype: 'float32', dims: ['batch'] },
      memory: { dtype: 'float32', dims: memoryDims(model, 'batch') },
      memory_present: { dtype: 'float32', dims: ['batch'] },
      ...contextSignature(model),
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
