/**
 * A video as a stream of chunks: plan, condition, denoise, carry over, refine, decode, yield. Pure but for the networks it
 * is given; the consumer's pace is the backpressure. Knows nothing of processes, files or queues.
 */
import type { GenerationCommand, ModelPackage } from '@everframe/shared';
import type { Networks } from '../model/load-networks.ts';
import { type Float32Tensor, framesFirst, joinFrames, latentDims, singleFrame, sliceFrames } from '../model/tensor.ts';
import { type ChunkPlan, planChunks } from './chunk-plan.ts';
import { drain, finishedFrames, refine } from './refine.ts';
import type { Refinement } from './refine-chunk.ts';
import { type GenerationState, requireSameVideo, requireShapes } from './state.ts';
import { type Conditioning, condition, denoiseChunk } from './streaming-t2v.ts';

export interface Chunk {
  readonly chunk_index: number;
  /** Its frames are [first_frame, first_frame + frame_count) of the video. */
  readonly first_frame: number;
  readonly frame_count: number;
  /** RGB bytes [frame_count, height, width, 3]. */
  readonly frames: Uint8Array;
  /** From which exactly the chunks behind this one come. */
  readonly state: GenerationState;
}

/** @param state from `startState`, or loaded: then chunks come from where it stands */
export async function* generate(
  command: GenerationCommand,
  networks: Networks,
  state: GenerationState,
  signal: AbortSignal,
): AsyncGenerator<Chunk> {
  const { model, refiner } = networks;
  requireFit(command, model);
  requireSameVideo(state, command);
  requireShapes(state, model);
  const plans = planChunks(command, model);
  const refinement = refiner && model.refiner && { network: refiner, settings: model.refiner, seed: command.seed, signal };
  let conditioning: Conditioning | undefined;

  for (const plan of plans.slice(state.next_chunk)) {
    signal.throwIfAborted();
    // 1. What the chunk obeys.
    conditioning = await condition(networks, plan, state, conditioning);
    // 2. From noise to clean latents [1, C, F, H, W].
    const latents = await denoiseChunk(networks, state, plan, conditioning, signal);
    // 3. Hand over to the next chunk, and to the refiner.
    state = await finish(carryOver(state, plan, latents, model), latents, refinement, model);
    // 4. Deliver what can no longer change: an earlier chunk, where there is a refiner.
    const ready = plans[state.delivered_chunks];
    if (!ready || latentDims(state.finished).frames < model.chunk.latent_frames) continue;
    const { finished } = state;
    state = { ...countDelivered(state, finished, model), finished: framesFrom(finished, model.chunk.latent_frames) };
    yield { ...(await decodeChunk(networks, ready, finished, signal)), state };
  }

  // 5. At the video's end, deliver what the refiner still holds; the state keeps it, so that a video can be made longer.
  if (!refinement || !state.wavefront || state.delivered_chunks === plans.length) return;
  const rest = await drain(refinement, state.wavefront);
  for (const plan of plans.slice(state.delivered_chunks)) {
    const finished = undelivered(state, rest, model);
    state = countDelivered(state, finished, model);
    yield { ...(await decodeChunk(networks, plan, finished, signal)), state };
  }
}

/** A command that no worker with this version of the model can obey. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The state after the base has made a chunk. */
function carryOver(
  state: GenerationState,
  { chunk_index, renews_anchor }: ChunkPlan,
  latents: Float32Tensor,
  { chunk }: ModelPackage,
): GenerationState {
  const { latent_frames, overlap_latent_frames, anchor_latent_frame } = chunk;
  return {
    ...state,
    next_chunk: chunk_index + 1,
    overlap: sliceFrames(latents, latent_frames - overlap_latent_frames, latent_frames),
    anchor: state.anchor && !renews_anchor ? state.anchor : singleFrame(latents, anchor_latent_frame),
  };
}

/** The base's latents as they are, or what the refiner has finished by them. */
async function finish(
  state: GenerationState,
  latents: Float32Tensor,
  refinement: Refinement | null,
  model: ModelPackage,
): Promise<GenerationState> {
  if (!refinement || !state.wavefront) return { ...state, finished: latents };
  const { wavefront, finished } = await refine(refinement, state.wavefront, latents);
  return { ...state, wavefront, finished: undelivered(state, finished, model) };
}

/** Finished frames that waited, and those behind them; without what was delivered already, at the end of a shorter video. */
function undelivered(state: GenerationState, more: Float32Tensor, { chunk, refiner }: ModelPackage): Float32Tensor {
  const first_frame = finishedFrames(refiner, state.wavefront) - latentDims(state.finished).frames;
  return framesFrom(joinFrames(state.finished, more), state.delivered_chunks * chunk.latent_frames - first_frame);
}

function framesFrom(latents: Float32Tensor, first: number): Float32Tensor {
  const { frames } = latentDims(latents);
  return sliceFrames(latents, Math.min(first, frames), frames);
}

function countDelivered(state: GenerationState, finished: Float32Tensor, { chunk }: ModelPackage): GenerationState {
  const thumbnail = state.thumbnail ?? singleFrame(finished, chunk.anchor_latent_frame);
  return { ...state, delivered_chunks: state.delivered_chunks + 1, thumbnail };
}

/** Only frames that are asked for. */
async function decodeChunk(
  { model, vae_decoder }: Networks,
  { chunk_index, first_frame, end_frame }: ChunkPlan,
  finished: Float32Tensor,
  signal: AbortSignal,
): Promise<Omit<Chunk, 'state'>> {
  signal.throwIfAborted();
  const { frames_per_latent } = model.latent;
  const frame_count = end_frame - first_frame;
  const count = Math.ceil(frame_count / frames_per_latent);
  const frames = await vae_decoder.decode(framesFirst(sliceFrames(finished, 0, count)));
  const frame_bytes = frames.length / (count * frames_per_latent);
  return { chunk_index, first_frame, frame_count, frames: frames.slice(0, frame_count * frame_bytes) };
}

function requireFit(command: GenerationCommand, model: ModelPackage): void {
  const size = `${command.width}x${command.height}`;
  if (command.model !== model.name || command.model_version !== model.version) {
    throw new Error(
      `the command asks for ${command.model} ${command.model_version}; this is ${model.name} ${model.version}. Serve the version that was asked for`,
    );
  }
  if (!model.sizes.includes(size) || command.fps !== model.fps) {
    throw new CommandError(
      `the command asks for ${size} at ${command.fps} frames a second; ${model.name} makes ${model.sizes.join(', ')} at ${model.fps}`,
    );
  }
}
