/**
 * StreamingT2V (arXiv 2403.14773) as a family: a chunk is made from noise, the latent frames before it are remembered by the
 * conditional attention (section 4.1), and the anchor keeps the appearance (section 4.2). Timesteps are the sampler's loop,
 * chunks are the loop in `generate.ts`.
 */
import type { ModelPackage } from '@everframe/shared';
import type { Context } from '../model/anchor-encoder.ts';
import { memoryDims } from '../model/cam-encoder.ts';
import type { Networks } from '../model/load-networks.ts';
import { combine, type Float32Tensor, float32, joinFrames, repeatBatch, singleFrame, sizeOf, sliceFrames } from '../model/tensor.ts';
import { CheckpointError, requireDims } from './checkpoint-error.ts';
import { type Conditioning, condition, guideBranches } from './conditioning.ts';
import type { Family, SavedMemory, StepContext } from './family.ts';
import { drawNormals } from './noise.ts';
import { type Predict, sample } from './sampler.ts';

export interface StreamingMemory {
  /** The last latent frames made, clean: [1, C, overlap, H, W]. Null before the first chunk. */
  readonly overlap: Float32Tensor | null;
  /** The anchor frame, clean: [1, C, H, W]. Null where the next chunk is made without one and gives the next. */
  readonly anchor: Float32Tensor | null;
  /** Of the next chunk's frame in the anchor behind it; 0 but between a prompt's change and its chunk, so it is never at rest. */
  readonly anchor_share: number;
}

type BaseNetworks = Pick<Networks, 'model' | 'text_encoder' | 'anchor_encoder' | 'cam_encoder' | 'denoiser' | 'vae_encoder'>;

export function createStreamingT2v(networks: BaseNetworks): Family<StreamingMemory, Conditioning> {
  const { model, vae_encoder } = networks;
  const { latent_frames, overlap_latent_frames, anchor_latent_frame: thumbnail_latent_frame } = model.chunk;
  return {
    // The first chunk is without memory, the second and those behind it are alike.
    describe: () => ({ latent: model.latent, latent_frames, overlap_latent_frames, thumbnail_latent_frame, distinct_chunks: 2 }),
    start: () => ({ overlap: null, anchor: null, anchor_share: 0 }),
    startFromImage: vae_encoder && (async (image) => standStill(await vae_encoder.encode(image), model)),
    changePrompt: async (memory, { anchor, share }) => ({
      ...memory,
      anchor: anchor === 'renew' ? null : memory.anchor,
      anchor_share: share,
    }),
    condition: (memory, plan, before) => condition(networks, plan, memory.anchor, before),
    async step(memory, conditioning, context) {
      const latents = await denoiseChunk(networks, memory, conditioning, context);
      return { latents, memory: carryOver(memory, latents, model) };
    },
    save,
    load: (saved) => load(saved, model),
    dispose: () => undefined,
  };
}

/** As if the picture had stood still before the first frame. @param image [1, C, H, W] */
export function standStill(image: Float32Tensor, { latent, chunk }: ModelPackage): StreamingMemory {
  const frame = float32([1, latent.channels, 1, latent.height, latent.width], image.values);
  let overlap = frame;
  for (let count = 1; count < chunk.overlap_latent_frames; count++) overlap = joinFrames(overlap, frame);
  return { overlap, anchor: image, anchor_share: 0 };
}

/** Clean latents [1, C, F, H, W]; F is what the chunk adds. */
async function denoiseChunk(
  networks: BaseNetworks,
  memory: StreamingMemory,
  { context, guidance }: Conditioning,
  { seed, chunk_index, source, signal }: StepContext,
): Promise<Float32Tensor> {
  const { schedule, latent, chunk } = networks.model;
  const batch = guidance.branches.length;
  const remembered = { ...context, ...(await remember(networks, memory, context, batch)) };
  const predict: Predict = async (latents, { told }) => {
    signal.throwIfAborted();
    const inputs = { latents: repeatBatch(latents, batch), sigma: filled(batch, told), ...remembered };
    return guideBranches(guidance, await networks.denoiser.predict(inputs));
  };
  const dims = [1, latent.channels, chunk.latent_frames, latent.height, latent.width];
  const key = { seed, stage: 'stream', index: chunk_index, step: 0, purpose: 'initial_latents' } as const;
  const noiseOf = (step: number) => drawNormals({ ...key, step, purpose: 'step_noise' }, sizeOf(dims));
  return sample(schedule, float32(dims, drawNormals(key, sizeOf(dims))), predict, noiseOf, source);
}

/** The chunk before, as the denoiser's blocks attend to it; the first chunk has none. */
async function remember(
  { model, cam_encoder }: Pick<Networks, 'model' | 'cam_encoder'>,
  { overlap }: StreamingMemory,
  context: Context,
  batch: number,
): Promise<{ memory: Float32Tensor; memory_present: Float32Tensor }> {
  if (!overlap) return { memory: float32(memoryDims(model, batch)), memory_present: filled(batch, 0) };
  return { memory: await cam_encoder.encode({ ...context, overlap: repeatBatch(overlap, batch) }), memory_present: filled(batch, 1) };
}

function carryOver({ anchor, anchor_share }: StreamingMemory, latents: Float32Tensor, { chunk }: ModelPackage): StreamingMemory {
  const { latent_frames, overlap_latent_frames, anchor_latent_frame } = chunk;
  return {
    overlap: sliceFrames(latents, latent_frames - overlap_latent_frames, latent_frames),
    anchor:
      anchor && anchor_share < 1
        ? moveAnchor(anchor, latents, anchor_share, anchor_latent_frame)
        : singleFrame(latents, anchor_latent_frame),
    anchor_share: 0,
  };
}

/** The same anchor where nothing of the chunk comes in, so that it is not encoded again. */
export function moveAnchor(anchor: Float32Tensor, latents: Float32Tensor, share: number, frame: number): Float32Tensor {
  if (share === 0) return anchor;
  return combine(anchor, singleFrame(latents, frame), (before, now) => before + share * (now - before));
}

async function save({ overlap, anchor }: StreamingMemory): Promise<SavedMemory> {
  if (!overlap || !anchor) throw new Error('there is no memory to save before the first chunk');
  return { overlap, anchor };
}

async function load({ overlap, anchor }: SavedMemory, { latent, chunk }: ModelPackage): Promise<StreamingMemory> {
  const { channels, height, width } = latent;
  if (!overlap || !anchor) throw new CheckpointError('the checkpoint holds no overlap and anchor, which this family needs');
  requireDims('overlap', overlap, [1, channels, chunk.overlap_latent_frames, height, width]);
  requireDims('anchor', anchor, [1, channels, height, width]);
  return { overlap, anchor, anchor_share: 0 };
}

function filled(batch: number, value: number): Float32Tensor {
  return float32([batch], new Float32Array(batch).fill(value));
}
