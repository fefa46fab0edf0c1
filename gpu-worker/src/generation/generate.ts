/**
 * A video as a stream of chunks: plan, condition, step, hand over, refine, decode, yield. Pure but for the model it is given;
 * the consumer's pace is the backpressure. Knows nothing of processes, files or queues, nor how any family makes a chunk.
 */
import type { GenerationCommand, ModelPackage } from '@everframe/shared';
import { type Float32Tensor, framesFirst, joinFrames, latentDims, singleFrame, sliceFrames } from '../model/tensor.ts';
import type { SourceLatents } from './chunk-latents.ts';
import type { AppliedSegment, ChunkPlan } from './chunk-plan.ts';
import { CommandError } from './command-error.ts';
import type { FamilyDescription, OpenedModel } from './family.ts';
import { drain, finishedFrames, refine } from './refine.ts';
import type { Refinement } from './refine-chunk.ts';
import { RefinerTexts } from './refiner-texts.ts';
import { firstUnfinishedChunk, type GenerationState, requireSameVideo, requireShapes } from './state.ts';
import { keepThumbnail } from './thumbnail.ts';
import { Timeline } from './timeline.ts';

export interface Chunk {
  readonly chunk_index: number;
  /** Its frames are [first_frame, first_frame + frame_count) of the video. */
  readonly first_frame: number;
  readonly frame_count: number;
  /** RGB bytes [frame_count, height, width, 3]. */
  readonly frames: Uint8Array;
  /** As the family made it, [1, C, F, H, W] whole; null where the video was begun by a worker that kept none. */
  readonly latents: Float32Tensor | null;
  /** Of segments whose prompt takes effect with this chunk. */
  readonly applied: readonly AppliedSegment[];
  /** From which exactly the chunks behind this one come. */
  readonly state: GenerationState;
}

/**
 * @param start from `startState`, or loaded: then chunks come from where it stands. Its memory is let go of at the end
 * @param source of the video that the command edits: chunks begin from its, as long as it has any
 * @param timeline of the command, from its first frame on; who holds on to it can steer the video
 */
export async function* generate(
  command: GenerationCommand,
  opened: OpenedModel,
  start: GenerationState,
  signal: AbortSignal,
  timeline: Timeline = new Timeline(command, opened.family.describe()),
  source: SourceLatents | null = null,
): AsyncGenerator<Chunk> {
  const { model, family, refiner, text_encoder } = opened;
  const { seed } = command;
  const description = family.describe();
  const texts = model.refiner?.reads_text && text_encoder ? new RefinerTexts(text_encoder, description.latent_frames) : null;
  const refinement = refiner && model.refiner && { network: refiner, settings: model.refiner, texts, seed, signal };
  let state = start;
  let condition: unknown;

  try {
    requireFit(command, model);
    requireSource(command, source);
    requireSameVideo(start, command);
    requireShapes(start, opened);
    const unfinished = timeline.skipTo(start.next_chunk, firstUnfinishedChunk(start, opened));
    for (const plan of unfinished) await texts?.add(plan);
    const waiting = unfinished.filter(({ chunk_index }) => chunk_index >= start.delivered_chunks);
    for (let plan = timeline.take(); plan; plan = timeline.take()) {
      const { chunk_index } = plan;
      signal.throwIfAborted();
      // 1. What the chunk obeys.
      if (plan.change) state = { ...state, memory: await family.changePrompt(state.memory, plan.change) };
      condition = await family.condition(state.memory, plan, condition);
      await texts?.add(plan);
      // 2. From noise to clean latents [1, C, F, H, W].
      const original = source?.(chunk_index);
      const from = original && command.edits ? { latents: original, strength: command.edits.strength } : null;
      const { latents, memory } = await family.step(state.memory, condition, { seed, chunk_index, source: from, signal });
      // 3. Hand over to the next chunk, and to the refiner.
      const base = state.base && joinFrames(state.base, latents);
      state = await finish({ ...state, next_chunk: chunk_index + 1, memory, base }, latents, refinement, description);
      texts?.forgetBefore(firstUnfinishedChunk(state, opened));
      waiting.push(plan);
      // 4. Deliver what can no longer change: an earlier chunk, where there is a refiner.
      if (latentDims(state.finished).frames < description.latent_frames) continue;
      const { finished, shown, base: made } = state;
      state = { ...countDelivered(state, finished, description), finished: framesFrom(finished, description.latent_frames) };
      const decoded = await decodeChunk(opened, waiting.shift() ?? plan, finished, shown, signal);
      yield { ...decoded, latents: firstChunk(made, description), state };
    }

    // 5. At the video's end, deliver what the refiner still holds; the state keeps it, so that a video can be made longer.
    if (!refinement || !state.wavefront || waiting.length === 0) return;
    const rest = await drain(refinement, state.wavefront);
    for (const plan of waiting) {
      const { finished, shown } = undelivered(state, rest, refinement, description);
      const { base: made } = state;
      state = countDelivered(state, finished, description);
      yield { ...(await decodeChunk(opened, plan, finished, shown, signal)), latents: firstChunk(made, description), state };
    }
  } finally {
    family.dispose(state.memory);
  }
}

/** The family's latents as they are, or what the refiner has finished by them. */
async function finish(
  state: GenerationState,
  latents: Float32Tensor,
  refinement: Refinement | null,
  description: FamilyDescription,
): Promise<GenerationState> {
  if (!refinement || !state.wavefront) return { ...state, finished: latents };
  const { wavefront, finished } = await refine(refinement, state.wavefront, latents);
  return { ...state, wavefront, ...undelivered(state, finished, refinement, description) };
}

/**
 * Finished frames that waited, and those behind them; without what was delivered already, at the end of a shorter video. The last of
 * those stands before them as the longer video has it: at the shorter one's end it was finished without what follows.
 */
function undelivered(
  state: GenerationState,
  more: Float32Tensor,
  { settings }: Refinement,
  { latent_frames }: FamilyDescription,
): Pick<GenerationState, 'finished' | 'shown'> {
  const first_frame = finishedFrames(settings, state.wavefront) - latentDims(state.finished).frames;
  const known = joinFrames(state.finished, more);
  const delivered = state.delivered_chunks * latent_frames - first_frame;
  const shown = delivered > 0 && delivered <= latentDims(known).frames ? singleFrame(known, delivered - 1) : state.shown;
  return { finished: framesFrom(known, delivered), shown };
}

function framesFrom(latents: Float32Tensor, first: number): Float32Tensor {
  const { frames } = latentDims(latents);
  return sliceFrames(latents, Math.min(first, frames), frames);
}

function countDelivered(state: GenerationState, finished: Float32Tensor, description: FamilyDescription): GenerationState {
  const thumbnail = state.thumbnail ?? keepThumbnail(finished, description.thumbnail_latent_frame);
  const base = state.base && framesFrom(state.base, description.latent_frames);
  const shown = singleFrame(finished, description.latent_frames - 1);
  return { ...state, delivered_chunks: state.delivered_chunks + 1, base, thumbnail, shown };
}

function firstChunk(base: Float32Tensor | null, { latent_frames }: FamilyDescription): Float32Tensor | null {
  return base && sliceFrames(base, 0, latent_frames);
}

/** Only frames that are asked for. */
async function decodeChunk(
  { family, vae_decoder }: OpenedModel,
  { chunk_index, first_frame, end_frame, applied }: ChunkPlan,
  finished: Float32Tensor,
  shown: Float32Tensor | null,
  signal: AbortSignal,
): Promise<Omit<Chunk, 'state' | 'latents'>> {
  signal.throwIfAborted();
  const { frames_per_latent } = family.describe().latent;
  const frame_count = end_frame - first_frame;
  const count = Math.ceil(frame_count / frames_per_latent);
  const frames = await vae_decoder.decode(framesFirst(sliceFrames(finished, 0, count)), shown);
  const frame_bytes = frames.length / (count * frames_per_latent);
  return { chunk_index, first_frame, frame_count, frames: frames.slice(0, frame_count * frame_bytes), applied };
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

function requireSource({ edits }: GenerationCommand, source: SourceLatents | null): void {
  if (edits && !source) throw new CommandError(`the command edits ${edits.video_id}; begin with its latents`);
  if (source && !edits) throw new CommandError('the command edits no video; begin without the latents of one');
}
