/**
 * The latent frames before a chunk to what every block of the denoiser attends to: StreamingT2V's conditional attention
 * (CAM, section 4.1). They are clean, so the memory depends on no timestep and is made once for a chunk.
 */

import { join } from 'node:path';
import type { ModelPackage } from '@everframe/shared';
import type { Context } from './anchor-encoder.ts';
import { type InstalledPackage, requireFile } from './model-config.ts';
import { asFloat32, openSession, type SessionOptions } from './session.ts';
import type { Float32Tensor } from './tensor.ts';

export interface CamEncoderInputs extends Context {
  /** [B, C, overlap, H, W], clean. */
  readonly overlap: Float32Tensor;
}

export interface CamEncoder {
  /** Keys and values of every block: [blocks, 2, B, tokens, D]. */
  encode(inputs: CamEncoderInputs): Promise<Float32Tensor>;
}

export async function openCamEncoder({ model, dir }: InstalledPackage, options: SessionOptions): Promise<CamEncoder> {
  const { channels, height, width } = model.latent;
  const session = await openSession(
    join(dir, requireFile({ model, dir }, 'cam_encoder')),
    {
      latents: { dtype: 'float32', dims: ['batch', channels, model.chunk.overlap_latent_frames, height, width] },
      ...contextSignature(model),
    },
    { memory: { dtype: 'float32', dims: memoryDims(model, 'batch') } },
    options,
  );
  return {
    async encode({ overlap, ...context }) {
      return asFloat32((await session.run({ latents: overlap, ...context })).memory);
    },
  };
}

/** One token for each cell of the overlap. */
export function memoryDims<Batch extends number | string>(
  { latent, chunk, denoiser }: Pick<ModelPackage, 'latent' | 'chunk' | 'denoiser'>,
  batch: Batch,
): readonly (number | Batch)[] {
  return [denoiser.blocks, 2, batch, chunk.overlap_latent_frames * latent.height * latent.width, denoiser.width];
}

export function contextSignature({ text, denoiser }: ModelPackage) {
  const tokens = { dtype: 'float32', dims: ['batch', text.max_tokens, denoiser.width] } as const;
  return {
    context: tokens,
    appearance: tokens,
    text_mask: { dtype: 'float32', dims: ['batch', text.max_tokens] },
    pooled: { dtype: 'float32', dims: ['batch', denoiser.width] },
  } as const;
}
