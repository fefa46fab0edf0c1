/** A picture of the video's size to one clean latent frame of the base model's, as if it stood still. */
import { join } from 'node:path';
import type { InstalledPackage } from './model-config.ts';
import { asFloat32, openSession, type SessionOptions } from './session.ts';
import type { Float32Tensor } from './tensor.ts';

export interface VaeEncoder {
  /** RGB bytes [height, width, 3] to [1, C, h, w]. @throws RangeError where the picture has another size */
  encode(image: { readonly width: number; readonly height: number; readonly rgb: Uint8Array }): Promise<Float32Tensor>;
}

/** Null where the package has none. */
export async function openVaeEncoder({ model, dir }: InstalledPackage, options: SessionOptions): Promise<VaeEncoder | null> {
  const { files, latent, sizes } = model;
  if (!files.vae_encoder) return null;
  const [width = 0, height = 0] = (sizes[0] ?? '').split('x').map(Number);
  const dims = [1, height, width, 3];
  const session = await openSession(
    join(dir, files.vae_encoder.path),
    { image: { dtype: 'uint8', dims } },
    { latents: { dtype: 'float32', dims: [1, latent.channels, latent.height, latent.width] } },
    options,
  );
  return {
    async encode({ rgb, ...size }) {
      if (size.width !== width || size.height !== height) {
        throw new RangeError(`the picture is ${size.width}x${size.height}; ${model.name} begins with one of ${width}x${height}`);
      }
      return asFloat32((await session.run({ image: { dtype: 'uint8', dims, values: rgb } })).latents);
    },
  };
}
