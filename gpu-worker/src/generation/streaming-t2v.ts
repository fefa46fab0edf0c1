/**
 * StreamingT2V (arXiv 2403.14773) as a family: a chunk is made from noise, the latent frames before it are remembered by the
 * conditional attention (section 4.1), and the anchor keeps the appearance (section 4.2). Timesteps are the sampler's loop,
 * chunks are the loop in `generate.ts`.
 */
import type { ModelPackage } from '@everframe/shared';
import type { Context } from '../model/anchor-encoder.ts';
import { memoryDims } from '../model/cam-encoder.ts';
import type { Networks } from '../model/load-networks.ts';
import { type Float32Tensor, float32, repeatBatch, singleFrame, sizeOf, sliceFrames } from '../model/tensor.ts';
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
}

type BaseNetworks = Pick<Networks, 'model' | 'text_encoder' | 'anchor_encoder' | 'cam_encoder' | 'denoiser'>;

export function createStreamingT2v(networks: BaseNetworks): Family<StreamingMemory, Conditioning> {
  const { model } = networks;
  const { latent_frames, overlap_latent_frames, anchor_latent_frame: thumbnail_latent_frame } = model.chunk;
  return {
    describe: () => ({ latent: model.latent, latent_frames, overlap_latent_frames, thumbnail_latent_frame }),
    start: () => ({ overlap: null, anchor: null }),
    changePrompt: async (memory, anchor) => (anchor === 'renew' ? { ...memory, anchor: null } : memory),
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

/** Clean latents [1, C, F, H, W]; F is what the chunk adds. */
async function denoiseChunk(
  networks: BaseNetworks,
  memory: StreamingMemory,
  { context, guidance }: Conditioning,
  { seed, chunk_index, signal }: StepContext,
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
  return sample(schedule, float32(dims, drawNormals(key, sizeOf(dims))), predict, noiseOf);
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

function carryOver({ anchor }: StreamingMemory, latents: Float32Tensor, { chunk }: ModelPackage): StreamingMemory {
  const { latent_frames, overlap_latent_frames, anchor_latent_frame } = chunk;
  return {
    overlap: sliceFrames(latents, latent_frames - overlap_latent_frames, latent_frames),
    anchor: anchor ?? singleFrame(latents, anchor_latent_frame),
  };
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
  return { overlap, anchor };
}

function filled(batch: number, value: number): Float32Tensor {
  return float32([batch], new Float32Array(batch).fill(value));
}
