/**
 * What the loop asks of a model family, and all that it knows of one. A family makes latents, a chunk at a time; refining and
 * decoding are stages of their own, and queues, packets and files are nobody's business here.
 */
import type { ModelPackage } from '@everframe/shared';
import type { Refiner } from '../model/refiner.ts';
import type { Float32Tensor } from '../model/tensor.ts';
import type { TextEncoder } from '../model/text-encoder.ts';
import type { VaeDecoder } from '../model/vae-decoder.ts';
import type { AnchorChange, ChunkPlan } from './chunk-plan.ts';
import type { ChunkSource } from './edit-start.ts';

/** A package with its family's networks open. */
export interface OpenedModel {
  readonly model: ModelPackage;
  readonly family: Family;
  /** Null where the family's latents are decoded as they are. */
  readonly refiner: Refiner | null;
  /** Through which a refiner that reads text is told it; null where the family has no refiner. */
  readonly text_encoder: TextEncoder | null;
  readonly vae_decoder: VaeDecoder;
}

export interface FamilyDescription {
  /** Of one latent frame as the family makes it. */
  readonly latent: ModelPackage['latent'];
  /** Latent frames that each step adds; a new prompt waits for the next step. */
  readonly latent_frames: number;
  /** How many latent frames before a chunk it can remember. */
  readonly overlap_latent_frames: number;
  /** Which of the first chunk shows what the video is of. */
  readonly thumbnail_latent_frame: number;
  /** Chunks after which every network has run in every shape that it is run in. */
  readonly distinct_chunks: number;
}

/** A picture of the video's size. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** Bytes [height, width, 3]. */
  readonly rgb: Uint8Array;
}

/** Whose noise: drawn by key, so that a chunk is the same whoever makes it and whenever. */
export interface StepContext {
  readonly seed: number;
  readonly chunk_index: number;
  /** The same chunk of the video that this one edits, to begin from; null for noise alone. */
  readonly source: ChunkSource | null;
  readonly signal: AbortSignal;
}

/**
 * `Memory` is what a chunk hands to the next: latents, or keys and values, on this machine or on a device. `Condition` is
 * what chunks under one prompt read; it is made again after a resume, never stored. No method changes its arguments.
 */
export interface Family<Memory = unknown, Condition = unknown> {
  describe(): FamilyDescription;
  /** Before the first chunk. */
  start(): Memory;
  /** Before the first chunk of a video that goes on from a picture. Null where the model can't see one. */
  readonly startFromImage: ((image: RgbImage) => Promise<Memory>) | null;
  /** Before a chunk with which a prompt takes effect, or goes on doing so: what becomes of the looks that were kept. */
  changePrompt(memory: Memory, change: AnchorChange): Promise<Memory>;
  /** All that depends on no timestep. @param before of the chunk before; what has not changed is not computed again */
  condition(memory: Memory, plan: ChunkPlan, before: Condition | undefined): Promise<Condition>;
  /**
   * One chunk: its clean latents [1, C, F, H, W], and the memory after it. The memory before it is the caller's until then.
   * @throws the signal's reason once it has aborted
   */
  step(memory: Memory, condition: Condition, context: StepContext): Promise<{ latents: Float32Tensor; memory: Memory }>;
  save(memory: Memory): Promise<SavedMemory>;
  /** @throws CheckpointError where it is not this model's, naming what differs */
  load(saved: SavedMemory): Promise<Memory>;
  /** Lets go of what is not on this machine's heap; once for a video, also after an abort or an error. */
  dispose(memory: Memory): void;
}

/** A memory at rest, by names of the family's own. */
export type SavedMemory = Readonly<Record<string, Float32Tensor>>;
