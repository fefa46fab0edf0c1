/**
 * The published StreamingT2V (arXiv 2403.14773, branch StreamingModelscope) as a family. Its networks see more frames than a
 * chunk adds: the first stage makes two chunks at once, of which the second waits; from then on the frames remembered are made
 * anew together with those added, and dropped. Published: 16 frames, 8 of them new.
 */
import type { ModelPackage } from '@everframe/shared';
import type { ModelscopeNetworks } from '../model/modelscope-networks.ts';
import {
  type Float32Tensor,
  float32,
  joinFrames,
  latentDims,
  repeatBatch,
  singleFrame,
  sizeOf,
  sliceFrames,
  splitBatches,
} from '../model/tensor.ts';
import { joinTexts, type TextEncoder, type TextEncoding } from '../model/text-encoder.ts';
import { CheckpointError, requireDims } from './checkpoint-error.ts';
import type { ChunkPlan } from './chunk-plan.ts';
import type { Family, SavedMemory, StepContext } from './family.ts';
import { guide } from './guidance.ts';
import { drawNormals } from './noise.ts';
import { mixTexts, type PromptMix } from './prompt-mix.ts';
import { type Predict, sample } from './sampler.ts';
import type { Schedule } from './schedule.ts';
import { moveAnchor, standStill } from './streaming-t2v.ts';

export interface ModelscopeMemory {
  /** The last latent frames made, clean: [1, C, overlap, H, W]. Null before the first chunk. */
  readonly overlap: Float32Tensor | null;
  /** The anchor frame, clean: [1, C, H, W]. Null where the next chunk is made without one and gives the next. */
  readonly anchor: Float32Tensor | null;
  /** Of the next chunk's frame in the anchor behind it. */
  readonly anchor_share: number;
  /** The second chunk, [1, C, F, H, W], as long as its prompt is the first's. */
  readonly waiting: Float32Tensor | null;
}

export interface ModelscopeCondition {
  /** The plan's prompts and negative prompt. */
  readonly told: string;
  /** By prompt; null for the absence of one. */
  readonly texts: ReadonlyMap<string | null, TextEncoding>;
  /** [2, T, W]: told, and not. */
  readonly text: Float32Tensor;
  readonly anchor: Float32Tensor | null;
  /** [2, tokens, W]: of the anchor, and of a grey frame. */
  readonly anchor_tokens: Float32Tensor;
}

/** Told and not, in one batch. */
const BRANCHES = 2;

export function createStreamingModelscope(networks: ModelscopeNetworks): Family<ModelscopeMemory, ModelscopeCondition> {
  const { model, vae_encoder } = networks;
  const { latent_frames, overlap_latent_frames, anchor_latent_frame: thumbnail_latent_frame } = model.chunk;
  return {
    // The first stage, what waits, and the streaming stage.
    describe: () => ({ latent: model.latent, latent_frames, overlap_latent_frames, thumbnail_latent_frame, distinct_chunks: 3 }),
    start: () => ({ overlap: null, anchor: null, anchor_share: 0, waiting: null }),
    startFromImage: vae_encoder && (async (image) => ({ ...standStill(await vae_encoder.encode(image), model), waiting: null })),
    // What waits was made of the prompt before.
    changePrompt: async (memory, { anchor, share }) => ({
      ...memory,
      ...{ anchor: anchor === 'renew' ? null : memory.anchor, anchor_share: share, waiting: null },
    }),
    condition: (memory, plan, before) => condition(networks, memory.anchor, plan, before),
    async step(memory, conditioning, context) {
      if (memory.waiting && !context.source) return handOver(memory, memory.waiting, null, networks);
      if (memory.overlap) return handOver(memory, await makeNext(networks, memory.overlap, conditioning, context), null, networks);
      const made = await makeFirst(networks, conditioning, context);
      const second = sliceFrames(made, latent_frames, 2 * latent_frames);
      // Of a video that is edited, the second chunk has an original of its own to begin from.
      return handOver(memory, sliceFrames(made, 0, latent_frames), context.source ? null : second, networks);
    },
    save,
    load: (saved) => load(saved, networks),
    dispose: () => undefined,
  };
}

async function condition(
  networks: ModelscopeNetworks,
  anchor: Float32Tensor | null,
  { prompts, negative_prompt }: ChunkPlan,
  before: ModelscopeCondition | undefined,
): Promise<ModelscopeCondition> {
  const told = JSON.stringify([prompts, negative_prompt]);
  const words = before?.told === told ? before : await encodeTexts(networks.text_encoder, prompts, negative_prompt, before?.texts);
  const anchor_tokens = before?.anchor === anchor ? before.anchor_tokens : await encodeAnchor(networks, anchor);
  return { told, texts: words.texts, text: words.text, anchor, anchor_tokens };
}

/** Each once, and none that is known. */
async function encodeTexts(
  text_encoder: TextEncoder,
  prompts: PromptMix,
  negative_prompt: string,
  known: ModelscopeCondition['texts'] | undefined,
): Promise<Pick<ModelscopeCondition, 'texts' | 'text'>> {
  const texts = new Map<string | null, TextEncoding>();
  const encode = async (prompt: string | null) => {
    const encoding = texts.get(prompt) ?? known?.get(prompt) ?? (await text_encoder.encode(prompt));
    texts.set(prompt, encoding);
    return encoding;
  };
  const mix = [];
  for (const { prompt, weight } of prompts) mix.push({ encoding: await encode(prompt), weight });
  const { text } = joinTexts([mixTexts(mix), await encode(negative_prompt || null)]);
  return { texts, text };
}

/** The unguided branch sees a grey frame, and so does the other where there is no anchor. */
async function encodeAnchor({ model, anchor_encoder }: ModelscopeNetworks, anchor: Float32Tensor | null): Promise<Float32Tensor> {
  const { channels, height, width } = model.latent;
  const frame = anchor ?? float32([1, channels, height, width]);
  return anchor_encoder.encode(repeatBatch(frame, BRANCHES), float32([BRANCHES], Float32Array.of(anchor ? 1 : 0, 0)));
}

/** Clean latents [1, C, 2 * F, H, W]. */
function makeFirst(
  { model, settings, first_stage }: ModelscopeNetworks,
  { text }: ModelscopeCondition,
  context: StepContext,
): Promise<Float32Tensor> {
  const { guidance_scale } = settings.first_stage;
  const predict: Predict = async (latents, { told }) =>
    guideBranches(await first_stage.predict({ latents: repeatBatch(latents, BRANCHES), timestep: told, text }), guidance_scale);
  return makeFrames(model, settings.first_stage, predict, context, (source) => joinFrames(source, stillFrames(source)));
}

/** Clean latents [1, C, F, H, W] of what the chunk adds. */
async function makeNext(
  { model, frame_encoder, denoiser }: ModelscopeNetworks,
  overlap: Float32Tensor,
  { text, anchor_tokens: anchor }: ModelscopeCondition,
  context: StepContext,
): Promise<Float32Tensor> {
  const { schedule, chunk } = model;
  const frame_features = repeatBatch(await frame_encoder.encode(overlap), BRANCHES);
  const predict: Predict = async (latents, { told }) => {
    const inputs = { latents: repeatBatch(latents, BRANCHES), timestep: told, text, anchor, frame_features };
    return guideBranches(await denoiser.predict(inputs), schedule.guidance_scale);
  };
  const made = await makeFrames(model, schedule, predict, context, (source) => joinFrames(overlap, source));
  return sliceFrames(made, chunk.overlap_latent_frames, chunk.overlap_latent_frames + chunk.latent_frames);
}

/** @param complete a chunk's original to as many frames as the networks see */
async function makeFrames(
  { latent, chunk }: ModelPackage,
  schedule: Schedule,
  predict: Predict,
  { seed, chunk_index, source, signal }: StepContext,
  complete: (source: Float32Tensor) => Float32Tensor,
): Promise<Float32Tensor> {
  const dims = [1, latent.channels, chunk.overlap_latent_frames + chunk.latent_frames, latent.height, latent.width];
  const key = { seed, stage: 'stream', index: chunk_index, step: 0, purpose: 'initial_latents' } as const;
  const noiseOf = (step: number) => drawNormals({ ...key, step, purpose: 'step_noise' }, sizeOf(dims));
  const checked: Predict = (latents, level) => {
    signal.throwIfAborted();
    return predict(latents, level);
  };
  const from = source && { ...source, latents: complete(source.latents) };
  return sample(schedule, float32(dims, drawNormals(key, sizeOf(dims))), checked, noiseOf, from);
}

function guideBranches(predicted: Float32Tensor, guidance_scale: number): Float32Tensor {
  const [told, untold] = splitBatches(predicted);
  if (!told || !untold) throw new Error('the network gave no prediction for both branches');
  return guide(told, untold, guidance_scale);
}

/** As many frames again, all of them the last. */
function stillFrames(latents: Float32Tensor): Float32Tensor {
  const { frames } = latentDims(latents);
  const last = sliceFrames(latents, frames - 1, frames);
  let still = last;
  for (let count = 1; count < frames; count++) still = joinFrames(still, last);
  return still;
}

function handOver(
  { anchor, anchor_share }: ModelscopeMemory,
  latents: Float32Tensor,
  waiting: Float32Tensor | null,
  { model: { chunk } }: ModelscopeNetworks,
): { latents: Float32Tensor; memory: ModelscopeMemory } {
  const { latent_frames, overlap_latent_frames, anchor_latent_frame } = chunk;
  const overlap = sliceFrames(latents, latent_frames - overlap_latent_frames, latent_frames);
  const kept = anchor && anchor_share < 1;
  const next = kept ? moveAnchor(anchor, latents, anchor_share, anchor_latent_frame) : singleFrame(latents, anchor_latent_frame);
  return { latents, memory: { overlap, anchor: next, anchor_share: 0, waiting } };
}

async function save({ overlap, anchor, waiting }: ModelscopeMemory): Promise<SavedMemory> {
  if (!overlap || !anchor) throw new Error('there is no memory to save before the first chunk');
  return waiting ? { overlap, anchor, waiting } : { overlap, anchor };
}

async function load({ overlap, anchor, waiting }: SavedMemory, { model }: ModelscopeNetworks): Promise<ModelscopeMemory> {
  const { channels, height, width } = model.latent;
  const { latent_frames, overlap_latent_frames } = model.chunk;
  if (!overlap || !anchor) throw new CheckpointError('the checkpoint holds no overlap and anchor, which this family needs');
  requireDims('overlap', overlap, [1, channels, overlap_latent_frames, height, width]);
  requireDims('anchor', anchor, [1, channels, height, width]);
  if (waiting) requireDims('waiting', waiting, [1, channels, latent_frames, height, width]);
  return { overlap, anchor, anchor_share: 0, waiting: waiting ?? null };
}
