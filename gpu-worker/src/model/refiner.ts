/** The second stage's network: noisy larger latents and the base's clean ones of the same latent frames to velocity. */
import { join } from 'node:path';
import type { InstalledPackage } from './model-config.ts';
import { asFloat32, openSession, type SessionOptions } from './session.ts';
import type { Float32Tensor } from './tensor.ts';

export interface RefinerInputs {
  /** [1, C, F, H, W] */
  readonly latents: Float32Tensor;
  /** [1] */
  readonly sigma: Float32Tensor;
  /** [1, C, F, h, w] */
  readonly base: Float32Tensor;
}

export interface Refiner {
  /** Velocity [1, C, F, H, W]. */
  predict(inputs: RefinerInputs): Promise<Float32Tensor>;
}

/** Null where the package has no second stage. */
export async function openRefiner({ model, dir }: InstalledPackage, options: SessionOptions): Promise<Refiner | null> {
  const { refiner, latent, files } = model;
  if (!refiner || !files.refiner) return null;
  const { chunk_latent_frames: frames, latent_height, latent_width } = refiner;
  const latents = { dtype: 'float32', dims: [1, latent.channels, frames, latent_height, latent_width] } as const;
  const base = { dtype: 'float32', dims: [1, latent.channels, frames, latent.height, latent.width] } as const;
  const session = await openSession(
    join(dir, files.refiner.path),
    { latents, sigma: { dtype: 'float32', dims: [1] }, base },
    { velocity: latents },
    options,
  );
  return {
    async predict(inputs) {
      return asFloat32((await session.run({ ...inputs })).velocity);
    },
  };
}
