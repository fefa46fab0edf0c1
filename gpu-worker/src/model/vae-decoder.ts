/** Clean latents to RGB frames; each frame on its own. */
import { join } from 'node:path';
import type { InstalledPackage } from './model-config.ts';
import { openSession, type SessionOptions } from './session.ts';
import type { Float32Tensor } from './tensor.ts';

export interface VaeDecoder {
  /** [N, C, H, W] to RGB bytes [N, height, width, 3]. */
  decode(latents: Float32Tensor): Promise<Uint8Array>;
}

export async function openVaeDecoder({ model, dir }: InstalledPackage, options: SessionOptions): Promise<VaeDecoder> {
  const { channels, height, width, spatial_stride } = model.latent;
  const session = await openSession(
    join(dir, model.files.vae_decoder.path),
    { latents: { dtype: 'float32', dims: ['frames', channels, height, width] } },
    { frames: { dtype: 'uint8', dims: ['frames', height * spatial_stride, width * spatial_stride, 3] } },
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
