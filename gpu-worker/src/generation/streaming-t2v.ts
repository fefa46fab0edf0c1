/**
 * How StreamingT2V (arXiv 2403.14773) makes one chunk from noise: the latent frames before it are remembered by the
 * conditional attention (section 4.1), and the anchor keeps the appearance (section 4.2). Timesteps are the loop here;
 * chunks are the loop in `generate.ts`.
 */
import type { Context } from '../model/anchor-encoder.ts';
import { memoryDims } from '../model/cam-encoder.ts';
import type { Networks } from '../model/load-networks.ts';
import { type Float32Tensor, float32, repeatBatch, sizeOf, splitBatches } from '../model/tensor.ts';
import { joinTexts, type TextEncoding } from '../model/text-encoder.ts';
import type { ChunkPlan } from './chunk-plan.ts';
import { eulerStep } from './euler-step.ts';
import { guide } from './guidance.ts';
import { drawNormals } from './noise.ts';
import { makeSigmas } from './schedule.ts';
import type { GenerationState } from './state.ts';

/** What all chunks under one prompt and anchor read. */
export interface Conditioning {
  readonly prompt: string;
  readonly text: TextEncoding;
  readonly no_text: TextEncoding;
  /** [1, C, H, W]; null where the chunk is made without one. */
  readonly anchor: Float32Tensor | null;
  readonly guidance_scale: number;
  /** Of the prompt; where the guidance scale is not 1, of a batch of two, the second without a prompt. */
  readonly context: Context;
}

/** @param before of the chunk before; what has not changed is not encoded again */
export async function condition(
  { model, text_encoder, anchor_encoder }: Pick<Networks, 'model' | 'text_encoder' | 'anchor_encoder'>,
  { prompt, renews_anchor }: ChunkPlan,
  state: GenerationState,
  before: Conditioning | undefined,
): Promise<Conditioning> {
  const anchor = renews_anchor ? null : state.anchor;
  if (before?.prompt === prompt && before.anchor === anchor) return before;
  const { schedule, latent } = model;
  const text = before?.prompt === prompt ? before.text : await text_encoder.encode(prompt);
  const no_text = before?.no_text ?? (await text_encoder.encode(null));
  const guidance_scale = anchor ? schedule.guidance_scale : schedule.first_chunk_guidance_scale;
  const texts = guidance_scale === 1 ? text : joinTexts(text, no_text);
  const [batch = 1] = texts.text_mask.dims;
  const context = await anchor_encoder.encode({
    ...texts,
    anchor: repeatBatch(anchor ?? float32([1, latent.channels, latent.height, latent.width]), batch),
    anchor_present: filled(batch, anchor ? 1 : 0),
  });
  return { prompt, text, no_text, anchor, guidance_scale, context };
}

/** Clean latents [1, C, F, H, W]; F is what the chunk adds. */
export async function denoiseChunk(
  networks: Pick<Networks, 'model' | 'cam_encoder' | 'denoiser'>,
  state: GenerationState,
  { chunk_index }: ChunkPlan,
  { context, guidance_scale }: Conditioning,
  signal: AbortSignal,
): Promise<Float32Tensor> {
  const { schedule, latent, chunk } = networks.model;
  const [batch = 1] = context.text_mask.dims;
  const remembered = { ...context, ...(await remember(networks, state, context, batch)) };
  const sigmas = makeSigmas(schedule.num_inference_steps, schedule.shift);
  const dims = [1, latent.channels, chunk.latent_frames, latent.height, latent.width];
  const key = { seed: state.identity.seed, stage: 'stream', index: chunk_index, step: 0, purpose: 'initial_latents' } as const;
  let latents = float32(dims, drawNormals(key, sizeOf(dims)));
  for (let step = 0; step < schedule.num_inference_steps; step++) {
    signal.throwIfAborted();
    const from = sigmas[step] ?? 0;
    const to = sigmas[step + 1] ?? 0;
    const inputs = { latents: repeatBatch(latents, batch), sigma: filled(batch, from), ...remembered };
    const [velocity, without_prompt] = splitBatches(await networks.denoiser.predict(inputs));
    if (!velocity) throw new Error('the denoiser gave no velocity');
    latents = eulerStep(latents, without_prompt ? guide(velocity, without_prompt, guidance_scale) : velocity, from, to);
  }
  return latents;
}

/** The chunk before, as the denoiser's blocks attend to it; the first chunk has none. */
async function remember(
  { model, cam_encoder }: Pick<Networks, 'model' | 'cam_encoder'>,
  { overlap }: GenerationState,
  context: Context,
  batch: number,
): Promise<{ memory: Float32Tensor; memory_present: Float32Tensor }> {
  if (!overlap) return { memory: float32(memoryDims(model, batch)), memory_present: filled(batch, 0) };
  return { memory: await cam_encoder.encode({ ...context, overlap: repeatBatch(overlap, batch) }), memory_present: filled(batch, 1) };
}

function filled(batch: number, value: number): Float32Tensor {
  return float32([batch], new Float32Array(batch).fill(value));
}
