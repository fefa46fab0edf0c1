/**
 * All that one chunk hands to the next. Little enough to be stored with every commit: who the video is, which chunks are
 * made and which delivered, the family's memory, and what is in flight between family and refiner.
 */
import type { GenerationCommand } from '@everframe/shared';
import { z } from 'zod';
import { type Float32Tensor, float32, latentDims } from '../model/tensor.ts';
import { CheckpointError, requireDims } from './checkpoint-error.ts';
import { CommandError } from './command-error.ts';
import type { OpenedModel, RgbImage } from './family.ts';
import { finishedFrames, startWavefront } from './refine.ts';
import type { Wavefront } from './refine-chunk.ts';

/**
 * What must be the same for a checkpoint to be continued. The length may differ: a video can be made longer.
 * Nothing of the prompt, not even its digest, with which a reader of stored files could try prompts: it is the claim
 * that binds a checkpoint to its video.
 */
export const Identity = z.object({
  model: z.string(),
  model_version: z.string(),
  seed: z.int().nonnegative(),
});
type Identity = z.infer<typeof Identity>;

export interface GenerationState {
  readonly identity: Identity;
  /** The chunk that the family makes next. */
  readonly next_chunk: number;
  /** Chunks that have been yielded: fewer than are made, as long as the refiner may still change the others. */
  readonly delivered_chunks: number;
  /** The family's own. Of a yielded state it is good until the next chunk is asked for: save what you keep. */
  readonly memory: unknown;
  /** The family's latents of the chunks that are made and not delivered, [1, C, F, h, w]; null where an older worker kept none. */
  readonly base: Float32Tensor | null;
  /** A frame of the first chunk as it was delivered, [1 or 2, C, H, W] of what is decoded: see `keepThumbnail`. Null before that. */
  readonly thumbnail: Float32Tensor | null;
  /** The last latent frame that was delivered, [1, C, H, W] of what is decoded. Null before that, and where an older worker kept none. */
  readonly shown: Float32Tensor | null;
  /** Null where the package has no refiner. */
  readonly wavefront: Wavefront | null;
  /** Latent frames that can no longer change and wait for the rest of their chunk, [1, C, F, H, W]. */
  readonly finished: Float32Tensor;
}

export type IdentityFields = Pick<GenerationCommand, 'model' | 'model_version' | 'seed'>;
type StartFields = IdentityFields & Pick<GenerationCommand, 'input_reference'>;
type ImageStartFields = StartFields & Pick<GenerationCommand, 'width' | 'height'>;

/** Before the first chunk. @throws CommandError where the video is to go on from a picture */
export function startState(command: StartFields, opened: OpenedModel): GenerationState {
  if (command.input_reference) {
    requireImageStart(opened);
    throw new CommandError('the command has an input_reference; begin with its picture');
  }
  return beginWith(opened.family.start(), command, opened);
}

/** Before the first chunk of a video that goes on from `image`. @throws CommandError where the model can't */
export async function startStateFromImage(command: ImageStartFields, opened: OpenedModel, image: RgbImage): Promise<GenerationState> {
  if (!command.input_reference) throw new CommandError('the command has no input_reference; begin without a picture');
  const startFromImage = requireImageStart(opened);
  const { width, height } = image;
  if (width !== command.width || height !== command.height) {
    throw new CommandError(
      `the input_reference is ${width}x${height}; the video is ${command.width}x${command.height}. Send one of the video's size`,
    );
  }
  return beginWith(await startFromImage(image), command, opened);
}

function requireImageStart({ model: { name, version }, family }: OpenedModel): NonNullable<OpenedModel['family']['startFromImage']> {
  if (family.startFromImage) return family.startFromImage;
  throw new CommandError(
    `the command has an input_reference; ${name} ${version} has no vae_encoder and cannot see pictures. Leave it out, or take a model that has one`,
  );
}

function beginWith(
  memory: unknown,
  { model, model_version, seed }: StartFields,
  { model: { refiner }, family }: OpenedModel,
): GenerationState {
  const { latent } = family.describe();
  const wavefront = refiner && startWavefront(refiner, latent);
  const base = float32([1, latent.channels, 0, latent.height, latent.width]);
  const finished = float32([1, latent.channels, 0, refiner?.latent_height ?? latent.height, refiner?.latent_width ?? latent.width]);
  const nothing = { next_chunk: 0, delivered_chunks: 0, thumbnail: null, shown: null };
  return { identity: { model, model_version, seed }, ...nothing, memory, base, wavefront, finished };
}

/** The first of the family's chunks of which frames are not delivered, or still on their way through the refiner. */
export function firstUnfinishedChunk(
  { delivered_chunks, wavefront }: Pick<GenerationState, 'delivered_chunks' | 'wavefront'>,
  { model: { refiner }, family }: Pick<OpenedModel, 'model' | 'family'>,
): number {
  if (!refiner || !wavefront) return delivered_chunks;
  // At a video's end chunks are delivered that a longer one finishes otherwise.
  return Math.min(delivered_chunks, Math.floor(finishedFrames(refiner, wavefront) / family.describe().latent_frames));
}

/** @throws CheckpointError naming what differs */
export function requireSameVideo({ identity: found }: Pick<GenerationState, 'identity'>, command: IdentityFields): void {
  for (const field of ['model', 'model_version', 'seed'] as const) {
    if (found[field] !== command[field]) {
      throw new CheckpointError(`the checkpoint is of ${field} ${found[field]}; the command asks for ${command[field]}`);
    }
  }
}

/** The family looks after its own memory. @throws CheckpointError naming both shapes */
export function requireShapes(state: Omit<GenerationState, 'memory'>, { model: { refiner }, family }: OpenedModel): void {
  const { latent, latent_frames } = family.describe();
  const { channels, height, width } = latent;
  const waiting = (state.next_chunk - state.delivered_chunks) * latent_frames;
  const place = refiner ? [refiner.latent_height, refiner.latent_width] : [height, width];
  requireDims('thumbnail', state.thumbnail, [state.thumbnail?.dims[0] === 2 ? 2 : 1, channels, ...place]);
  requireDims('shown', state.shown, [1, channels, ...place]);
  requireDims('finished', state.finished, [1, channels, latentDims(state.finished).frames, ...place]);
  const steps = refiner?.num_inference_steps ?? 0;
  if ((state.wavefront?.length ?? 0) !== steps) {
    throw new CheckpointError(`the checkpoint holds ${state.wavefront?.length ?? 0} steps of the refiner; the model has ${steps}`);
  }
  for (const [index, { next_chunk, latents, base, tail }] of (state.wavefront ?? []).entries()) {
    const { frames } = latentDims(latents);
    const shared = next_chunk === 0 ? 0 : (refiner?.overlap_latent_frames ?? 0);
    requireDims(`refiner step ${index}`, latents, [1, channels, frames, ...place]);
    requireDims(`refiner step ${index}, base`, base, [1, channels, frames, height, width]);
    requireDims(`refiner step ${index}, tail`, tail, [1, channels, shared, ...place]);
  }
  requireDims('base', state.base, [1, channels, waiting, height, width]);
}
