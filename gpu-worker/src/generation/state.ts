/**
 * All that one chunk hands to the next. Little enough to be stored with every commit: who the video is, which chunks are
 * made and which delivered, the latents that the next chunk reads, and what is in flight between base and refiner.
 */
import type { GenerationCommand, ModelPackage } from '@everframe/shared';
import { z } from 'zod';
import { type Dims, type Float32Tensor, float32, latentDims } from '../model/tensor.ts';
import { startWavefront } from './refine.ts';
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
  /** The chunk that the base makes next. */
  readonly next_chunk: number;
  /** Chunks that have been yielded: fewer than are made, as long as the refiner may still change the others. */
  readonly delivered_chunks: number;
  /** The last latent frames that the base made, clean: [1, C, overlap, H, W]. Null before the first chunk. */
  readonly overlap: Float32Tensor | null;
  /** The anchor frame, clean: [1, C, H, W]. Null before the first chunk. */
  readonly anchor: Float32Tensor | null;
  /** The first chunk's anchor frame as it was delivered, [1, C, H, W] of what is decoded. Null before that. */
  readonly thumbnail: Float32Tensor | null;
  /** Null where the package has no refiner. */
  readonly wavefront: Wavefront | null;
  /** Latent frames that can no longer change and wait for the rest of their chunk, [1, C, F, H, W]. */
  readonly finished: Float32Tensor;
}

/** A checkpoint that can't be continued: damaged, of another video, or of another model. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

export type IdentityFields = Pick<GenerationCommand, 'model' | 'model_version' | 'seed'>;

/** Before the first chunk. */
export function startState(
  { model, model_version, seed }: IdentityFields,
  { refiner, latent }: Pick<ModelPackage, 'refiner' | 'latent'>,
): GenerationState {
  const wavefront = refiner && startWavefront(refiner, latent);
  const finished = float32([1, latent.channels, 0, refiner?.latent_height ?? latent.height, refiner?.latent_width ?? latent.width]);
  const nothing = { overlap: null, anchor: null, thumbnail: null };
  return { identity: { model, model_version, seed }, next_chunk: 0, delivered_chunks: 0, ...nothing, wavefront, finished };
}

/** @throws CheckpointError naming what differs */
export function requireSameVideo({ identity: found }: Pick<GenerationState, 'identity'>, command: IdentityFields): void {
  for (const field of ['model', 'model_version', 'seed'] as const) {
    if (found[field] !== command[field]) {
      throw new CheckpointError(`the checkpoint is of ${field} ${found[field]}; the command asks for ${command[field]}`);
    }
  }
}

/** A checkpoint's latents may be sound and still not this model's. @throws CheckpointError naming both shapes */
export function requireShapes(state: GenerationState, { latent, chunk, refiner }: ModelPackage): void {
  const { channels, height, width } = latent;
  requireDims('overlap', state.overlap, [1, channels, chunk.overlap_latent_frames, height, width]);
  requireDims('anchor', state.anchor, [1, channels, height, width]);
  const place = refiner ? [refiner.latent_height, refiner.latent_width] : [height, width];
  requireDims('thumbnail', state.thumbnail, [1, channels, ...place]);
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
}

function requireDims(name: string, tensor: Float32Tensor | null, wanted: Dims): void {
  if (tensor && String(tensor.dims) !== String(wanted)) {
    throw new CheckpointError(`the checkpoint's ${name} is [${tensor.dims}]; the model's is [${wanted}]`);
  }
}
