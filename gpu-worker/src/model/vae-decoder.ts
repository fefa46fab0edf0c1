/** Clean latents to RGB frames; each latent frame on its own, or with the one before it in sight. */
import { join } from 'node:path';
import type { InstalledPackage } from './model-config.ts';
import { openSession, type SessionOptions } from './session.ts';
import { type Float32Tensor, joinBatches, splitBatches, type Tensor } from './tensor.ts';

export interface VaeDecoder {
  /**
   * @param latents consecutive latent frames [N, C, H, W]
   * @param before the one before them, [1, C, H, W]; null at a video's start, which is drawn as if it had stood still
   * @returns RGB bytes [N, frames_per_latent, height, width, 3]
   */
  decode(latents: Float32Tensor, before: Float32Tensor | null): Promise<Uint8Array>;
}

type Inputs = Readonly<Record<'latents' | 'before', Float32Tensor>>;

export async function openVaeDecoder({ model, dir }: InstalledPackage, options: SessionOptions): Promise<VaeDecoder> {
  const { latent, decoder } = model;
  const height = model.refiner?.latent_height ?? latent.height;
  const width = model.refiner?.latent_width ?? latent.width;
  const frame = [height * decoder.spatial_stride, width * decoder.spatial_stride, 3];
  const path = join(dir, model.files.vae_decoder.path);
  const latents_spec = { dtype: 'float32', dims: ['count', latent.channels, height, width] } as const;
  const outputs = { frames: { dtype: 'uint8', dims: ['count', latent.frames_per_latent, ...frame] } } as const;
  const { run }: { run: (inputs: Inputs) => Promise<Record<'frames', Tensor>> } =
    decoder.context_latent_frames === 0
      ? await openSession(path, { latents: latents_spec }, outputs, options)
      : await openSession(path, { latents: latents_spec, before: latents_spec }, outputs, options);
  return {
    async decode(latents, before) {
      const { frames } = await run({ latents, before: framesBefore(latents, before) });
      if (frames.dtype !== 'uint8') throw new TypeError(`expected uint8 frames; got ${frames.dtype}`);
      return frames.values;
    },
  };
}

/** For each latent frame the one before it. */
function framesBefore(latents: Float32Tensor, before: Float32Tensor | null): Float32Tensor {
  const frames = splitBatches(latents);
  const [first = latents] = frames;
  return joinBatches([before ?? first, ...frames.slice(0, -1)]);
}
