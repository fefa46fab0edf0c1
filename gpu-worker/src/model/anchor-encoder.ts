/**
 * Text and anchor frame to what the denoiser reads at every step: StreamingT2V's appearance preservation (APM, section 4.2),
 * which mixes the anchor's tokens into the text's. Once for each prompt and anchor.
 */
import { join } from 'node:path';
import type { InstalledPackage } from './model-config.ts';
import { asFloat32, openSession, type SessionOptions } from './session.ts';
import type { Float32Tensor } from './tensor.ts';
import type { TextEncoding } from './text-encoder.ts';

export interface AnchorEncoderInputs extends TextEncoding {
  /** [B, C, H, W] */
  readonly anchor: Float32Tensor;
  /** [B]; 0 tells the network to ignore the anchor. */
  readonly anchor_present: Float32Tensor;
}

export interface Context {
  /** [B, T, D] */
  readonly context: Float32Tensor;
  /** [B, T, D] */
  readonly appearance: Float32Tensor;
  /** [B, T], 1 where there is a token. */
  readonly text_mask: Float32Tensor;
  /** [B, D] */
  readonly pooled: Float32Tensor;
}

export interface AnchorEncoder {
  encode(inputs: AnchorEncoderInputs): Promise<Context>;
}

export async function openAnchorEncoder({ model, dir }: InstalledPackage, options: SessionOptions): Promise<AnchorEncoder> {
  const { latent, text, denoiser } = model;
  const tokens = { dtype: 'float32', dims: ['batch', text.max_tokens, denoiser.width] } as const;
  const session = await openSession(
    join(dir, model.files.anchor_encoder.path),
    {
      text: { dtype: 'float32', dims: ['batch', text.max_tokens, text.width] },
      text_mask: { dtype: 'float32', dims: ['batch', text.max_tokens] },
      anchor: { dtype: 'float32', dims: ['batch', latent.channels, latent.height, latent.width] },
      anchor_present: { dtype: 'float32', dims: ['batch'] },
    },
    { context: tokens, appearance: tokens, pooled: { dtype: 'float32', dims: ['batch', denoiser.width] } },
    options,
  );
  return {
    async encode(inputs) {
      const { context, appearance, pooled } = await session.run({ ...inputs });
      return { context: asFloat32(context), appearance: asFloat32(appearance), text_mask: inputs.text_mask, pooled: asFloat32(pooled) };
    },
  };
}
