/** The second stage's network: noisy larger latents and the base's clean ones of the same latent frames, and maybe text, to velocity. */
import { join } from 'node:path';
import type { InstalledPackage } from './model-config.ts';
import { asFloat32, openSession, type SessionOptions } from './session.ts';
import type { Float32Tensor } from './tensor.ts';
import type { TextEncoding } from './text-encoder.ts';

export interface RefinerInputs {
  /** [1, C, F, H, W] */
  readonly latents: Float32Tensor;
  /** [1] */
  readonly sigma: Float32Tensor;
  /** [1, C, F, h, w] */
  readonly base: Float32Tensor;
  /** One text for each latent frame, [F, T, W] and [F, T]; null for a refiner that reads none. */
  readonly told: TextEncoding | null;
}

export interface Refiner {
  /** Velocity [1, C, F, H, W]. */
  predict(inputs: RefinerInputs): Promise<Float32Tensor>;
}

/** Null where the package has no second stage. */
export async function openRefiner({ model, dir }: InstalledPackage, options: SessionOptions): Promise<Refiner | null> {
  const { refiner, latent, text, files } = model;
  if (!refiner || !files.refiner) return null;
  const { chunk_latent_frames: frames, latent_height, latent_width, reads_text } = refiner;
  const latents = { dtype: 'float32', dims: [1, latent.channels, frames, latent_height, latent_width] } as const;
  const base = { dtype: 'float32', dims: [1, latent.channels, frames, latent.height, latent.width] } as const;
  const path = join(dir, files.refiner.path);
  const seen = { latents, sigma: { dtype: 'float32', dims: [1] }, base } as const;
  if (!reads_text) {
    const session = await openSession(path, seen, { velocity: latents }, options);
    return { predict: async (inputs) => asFloat32((await session.run({ ...inputs })).velocity) };
  }
  const read = {
    text: { dtype: 'float32', dims: [frames, text.max_tokens, text.width] },
    text_mask: { dtype: 'float32', dims: [frames, text.max_tokens] },
  } as const;
  const session = await openSession(path, { ...seen, ...read }, { velocity: latents }, options);
  return {
    async predict({ told, ...inputs }) {
      if (!told) throw new TypeError(`${path} reads a text for each latent frame; it was told none`);
      return asFloat32((await session.run({ ...inputs, ...told })).velocity);
    },
  };
}
