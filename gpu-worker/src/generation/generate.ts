/**
 * A video as a stream of chunks: plan, condition, denoise, carry over, decode, yield. Pure but for the networks it is
 * given; the consumer's pace is the backpressure. Knows nothing of processes, files or queues.
 */
import type { GenerationCommand, ModelPackage } from '@everframe/shared';
import type { Networks } from '../model/load-networks.ts';
import { type Float32Tensor, framesFirst, sliceFrames } from '../model/tensor.ts';
import { type ChunkPlan, planChunks } from './chunk-plan.ts';
import { CheckpointError, type GenerationState, requireSameVideo } from './state.ts';
import { denoiseChunk } from './streaming-t2v.ts';

export interface Chunk {
  readonly chunk_index: number;
  /** Its frames are [first_frame, first_frame + frame_count) of the video. */
  readonly first_frame: number;
  readonly frame_count: number;
  /** RGB bytes [frame_count, height, width, 3]; the overlap is left out. */
  readonly frames: Uint8Array;
  /** From which the next chunk starts. */
  readonly state: GenerationState;
}

/** @param state from `startState`, or loaded: then chunks come from where it stands */
export async function* generate(
  command: GenerationCommand,
  networks: Networks,
  state: GenerationState,
  signal: AbortSignal,
): AsyncGenerator<Chunk> {
  requireFit(command, networks.model);
  requireSameVideo(state, command);
  requireShapes(state, networks.model);
  const { text_encoder, anchor_encoder, vae_decoder } = networks;
  const no_prompt = await text_encoder.encode(null);
  let prompt = { text: command.prompt, encoding: await text_encoder.encode(command.prompt) };
  let anchor_tokens = state.anchor && (await anchor_encoder.encode(state.anchor));

  for (const plan of planChunks(command, networks.model).slice(state.next_chunk)) {
    signal.throwIfAborted();
    // 1. What the chunk obeys; a prompt is encoded when it changes.
    if (plan.prompt !== prompt.text) prompt = { text: plan.prompt, encoding: await text_encoder.encode(plan.prompt) };
    // 2. From noise to clean latents [1, C, F, H, W].
    const latents = await denoiseChunk(networks, state, plan, { prompt: prompt.encoding, no_prompt, anchor_tokens }, signal);
    // 3. Hand over to the next chunk.
    state = carryOver(state, plan, latents, networks);
    anchor_tokens ??= state.anchor && (await anchor_encoder.encode(state.anchor));
    // 4. Only frames that are new, and asked for.
    signal.throwIfAborted();
    const { chunk_index, first_frame, overlap_frames } = plan;
    const frame_count = plan.end_frame - first_frame;
    const fresh = sliceFrames(latents, overlap_frames, overlap_frames + frame_count);
    const frames = await vae_decoder.decode(framesFirst(fresh));
    yield { chunk_index, first_frame, frame_count, frames, state };
  }
}

/** A command that no worker with this version of the model can obey. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The state after a chunk: its last frames, and from the first chunk on the anchor. */
function carryOver(state: GenerationState, plan: ChunkPlan, latents: Float32Tensor, { model }: Networks): GenerationState {
  const { frames, overlap_frames, anchor_frame } = model.chunk;
  return {
    identity: state.identity,
    next_chunk: plan.chunk_index + 1,
    overlap: sliceFrames(latents, frames - overlap_frames, frames),
    anchor: state.anchor ?? singleFrame(latents, anchor_frame),
  };
}

/** Frame `frame` of latents [1, C, F, H, W], as [1, C, H, W]. */
function singleFrame(latents: Float32Tensor, frame: number): Float32Tensor {
  return framesFirst(sliceFrames(latents, frame, frame + 1));
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

/** A checkpoint's latents may be sound and still not this model's. */
function requireShapes({ overlap, anchor }: GenerationState, { latent, chunk }: ModelPackage): void {
  const { channels, height, width } = latent;
  const wanted = [1, channels, chunk.overlap_frames, height, width];
  const wanted_anchor = [1, channels, height, width];
  if ((overlap && String(overlap.dims) !== String(wanted)) || (anchor && String(anchor.dims) !== String(wanted_anchor))) {
    throw new CheckpointError(
      `the checkpoint holds latents [${overlap?.dims}] and [${anchor?.dims}]; the model's are [${wanted}] and [${wanted_anchor}]`,
    );
  }
}
