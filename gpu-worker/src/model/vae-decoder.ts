/** Clean latents to RGB frames; each latent frame on its own. */
import { join } from 'node:path';
import type { InstalledPackage } from './model-config.ts';
import { openSession, type SessionOptions } from './session.ts';
import type { Float32Tensor } from './tensor.ts';

export interface VaeDecoder {
  /** [N, C, H, W] to RGB bytes [N, frames_per_latent, height, width, 3]. */
  decode(latents: Float32Tensor): Promise<Uint8Array>;
}

export async function openVaeDecoder({ model, dir }: InstalledPackage, options: SessionOptions): Promise<VaeDecoder> {
  const { latent, decoder } = model;
  const height = model.refiner?.latent_height ?? latent.height;
  const width = model.refiner?.latent_width ?? latent.width;
  const frame = [height * decoder.spatial_stride, width * decoder.spatial_stride, 3];
  const session = await openSession(
    join(dir, model.files.vae_decoder.path),
    { latents: { dtype: 'float32', dims: ['count', latent.channels, height, width] } },
    { frames: { dtype: 'uint8', dims: ['count', latent.frames_per_latent, ...frame] } },
    options,
  );
  return {
    async decode(latents) {
      const { frames } = await session.run({ latents });
      if (frames.dtype !== 'uint8') throw new TypeError(`expected uint8 frames; got ${frames.dtype}`);
      return frames.values;
    },
  };
}
