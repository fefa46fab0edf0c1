/**
 * The networks of a package that `models/export_streamingt2v.py` makes, opened together: the published StreamingT2V on
 * ModelScope's text-to-video UNet. All of them read latents; where the published ones read frames, the decoder is in the graph.
 */
import { join } from 'node:path';
import type { ModelPackage } from '@everframe/shared';
import { readBytePairs, tokenize } from './byte-pair.ts';
import { type InstalledPackage, PackageError, requireFile } from './model-config.ts';
import { asFloat32, openSession, type SessionOptions } from './session.ts';
import { type Float32Tensor, float32, type Tensor } from './tensor.ts';
import type { TextEncoder } from './text-encoder.ts';
import { openVaeDecoder, type VaeDecoder } from './vae-decoder.ts';
import { openVaeEncoder, type VaeEncoder } from './vae-encoder.ts';

export interface NoiseInputs {
  /** [B, C, F, H, W] */
  readonly latents: Float32Tensor;
  /** Whole number, the same for the batch. */
  readonly timestep: number;
  /** [B, T, W] */
  readonly text: Float32Tensor;
}

export interface DenoiserInputs extends NoiseInputs {
  /** [B, tokens, W] */
  readonly anchor: Float32Tensor;
  /** [B, overlap, D, H, W] */
  readonly frame_features: Float32Tensor;
}

export interface ModelscopeNetworks {
  readonly model: ModelPackage;
  readonly settings: NonNullable<ModelPackage['modelscope']>;
  /** Frames of a chunk as the networks see it: those remembered and those added. */
  readonly chunk_latent_frames: number;
  readonly text_encoder: TextEncoder;
  /** Frame [B, C, H, W] to [B, tokens, W]; where `present` [B] is 0, to those of a grey frame. */
  readonly anchor_encoder: { encode(anchor: Float32Tensor, present: Float32Tensor): Promise<Float32Tensor> };
  /** Clean frames [B, C, overlap, H, W] to [B, overlap, D, H, W]. */
  readonly frame_encoder: { encode(overlap: Float32Tensor): Promise<Float32Tensor> };
  /** Noise [B, C, F, H, W]. */
  readonly first_stage: { predict(inputs: NoiseInputs): Promise<Float32Tensor> };
  readonly denoiser: { predict(inputs: DenoiserInputs): Promise<Float32Tensor> };
  readonly vae_decoder: VaeDecoder;
  readonly vae_encoder: VaeEncoder | null;
}

/** One after the other, so that the first fault is the one reported. */
export async function loadModelscope(installed: InstalledPackage, options: SessionOptions): Promise<ModelscopeNetworks> {
  const { model, dir } = installed;
  const { latent, chunk, text, denoiser, modelscope: settings } = model;
  if (!settings) throw new PackageError(join(dir, 'model.json'), `has no modelscope, which the family ${model.family} needs`);
  const { channels, height, width } = latent;
  const overlap = chunk.overlap_latent_frames;
  const chunk_latent_frames = overlap + chunk.latent_frames;
  const path = (name: keyof ModelPackage['files']) => join(dir, requireFile(installed, name));

  const latents = { dtype: 'float32', dims: ['batch', channels, chunk_latent_frames, height, width] } as const;
  const words = { dtype: 'float32', dims: ['batch', text.max_tokens, text.width] } as const;
  const noise_inputs = { latents, timestep: { dtype: 'int64', dims: ['batch'] }, text: words } as const;
  const anchor_tokens = { dtype: 'float32', dims: ['batch', settings.anchor_tokens, text.width] } as const;
  const frame_features = { dtype: 'float32', dims: ['batch', overlap, denoiser.width, height, width] } as const;

  const text_encoder = await openClipTextEncoder(installed, settings.pad_token, options);
  const anchor_encoder = await openSession(
    path('anchor_encoder'),
    { anchor: { dtype: 'float32', dims: ['batch', channels, height, width] }, present: { dtype: 'float32', dims: ['batch'] } },
    { anchor_tokens },
    options,
  );
  const frame_encoder = await openSession(
    path('frame_encoder'),
    { overlap: { dtype: 'float32', dims: ['batch', channels, overlap, height, width] } },
    { frame_features },
    options,
  );
  const first_stage = await openSession(path('first_stage'), noise_inputs, { noise: latents }, options);
  const streaming = await openSession(
    path('denoiser'),
    { ...noise_inputs, anchor: anchor_tokens, frame_features },
    { noise: latents },
    options,
  );
  return {
    ...{ model, settings, chunk_latent_frames, text_encoder },
    anchor_encoder: {
      encode: async (anchor, present) => asFloat32((await anchor_encoder.run({ anchor, present })).anchor_tokens),
    },
    frame_encoder: {
      encode: async (frames) => asFloat32((await frame_encoder.run({ overlap: frames })).frame_features),
    },
    first_stage: {
      predict: async (inputs) => asFloat32((await first_stage.run({ ...inputs, timestep: timesteps(inputs) })).noise),
    },
    denoiser: {
      predict: async (inputs) => asFloat32((await streaming.run({ ...inputs, timestep: timesteps(inputs) })).noise),
    },
    vae_decoder: await openVaeDecoder(installed, options),
    vae_encoder: await openVaeEncoder(installed, options),
  };
}

function timesteps({ latents, timestep }: NoiseInputs): Tensor {
  const [batch = 0] = latents.dims;
  return { dtype: 'int64', dims: [batch], values: new BigInt64Array(batch).fill(BigInt(timestep)) };
}

/** CLIP reads padding like any other token, so every token counts. */
async function openClipTextEncoder(installed: InstalledPackage, pad_token: string, options: SessionOptions): Promise<TextEncoder> {
  const { model, dir } = installed;
  const { max_tokens, width } = model.text;
  const paths = [join(dir, model.files.vocabulary.path), join(dir, requireFile(installed, 'merges'))] as const;
  const vocabulary = await readBytePairs(...paths, { max_tokens, pad_token });
  const session = await openSession(
    join(dir, model.files.text_encoder.path),
    { input_ids: { dtype: 'int64', dims: ['batch', max_tokens] } },
    { text: { dtype: 'float32', dims: ['batch', max_tokens, width] } },
    options,
  );
  return {
    async encode(prompt) {
      const values = BigInt64Array.from(tokenize(vocabulary, prompt ?? ''), BigInt);
      const { text } = await session.run({ input_ids: { dtype: 'int64', dims: [1, max_tokens], values } });
      return { text: asFloat32(text), text_mask: float32([1, max_tokens], new Float32Array(max_tokens).fill(1)) };
    },
  };
}
