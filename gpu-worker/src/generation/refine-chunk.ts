/**
 * One chunk of the refiner at one solver step: clean latents predicted, then blended with what the chunk before it
 * predicted of the frames that both have. Knows nothing of the order in which chunks and steps are run.
 */
import type { ModelPackage } from '@everframe/shared';
import type { Refiner } from '../model/refiner.ts';
import { type Float32Tensor, float32, joinFrames, latentDims, sliceFrames } from '../model/tensor.ts';
import type { TextEncoding } from '../model/text-encoder.ts';
import { cleanLatents } from './euler-step.ts';
import { drawBelow } from './noise.ts';
import { makeSigmas } from './schedule.ts';

export type RefinerSettings = NonNullable<ModelPackage['refiner']>;

/** What stays the same for a whole video. */
export interface Refinement {
  readonly network: Refiner;
  readonly settings: RefinerSettings;
  /** Null where the network reads none. */
  readonly texts: FrameTexts | null;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** What the base was told of each latent frame of the video. */
export interface FrameTexts {
  /** Of frames [first, first + count), one text each: [F, T, W] and [F, T]. Behind the video's end they are the last frame's. */
  of(first: number, count: number): TextEncoding;
}

/** What one solver step holds; its frames begin where its next chunk does. Nobody changes a tensor in place. */
export interface RefinerStep extends Flow {
  readonly next_chunk: number;
  /** What the chunk before predicted of the frames that it shares with the next; no frames before the first chunk. */
  readonly tail: Float32Tensor;
}

/** One entry for each solver step. */
export type Wavefront = readonly [RefinerStep, ...RefinerStep[]];

/** Latent frames on their way from one step to the next. */
export interface Flow {
  /** [1, C, F, H, W] at the noise level before the step. */
  readonly latents: Float32Tensor;
  /** The base's latents of the same frames, [1, C, F, h, w]. */
  readonly base: Float32Tensor;
}

/** Latent frames from one chunk's beginning to the next one's. */
export function strideOf({ chunk_latent_frames, overlap_latent_frames }: RefinerSettings): number {
  return chunk_latent_frames - overlap_latent_frames;
}

/** The noise level before step `index`, and after it. */
export function stepSigmas({ num_inference_steps, shift }: RefinerSettings, index: number): { from: number; to: number } {
  const sigmas = makeSigmas(num_inference_steps, shift);
  return { from: sigmas[index] ?? 0, to: sigmas[index + 1] ?? 0 };
}

/** Clean latents of the step's next chunk, all of its frames. @throws the signal's reason once it has aborted */
export async function refineChunk(refinement: Refinement, step: RefinerStep, index: number): Promise<Float32Tensor> {
  const { network, settings, texts, signal } = refinement;
  signal.throwIfAborted();
  const { latents, base } = cutFlow(step, 0, settings.chunk_latent_frames);
  const { from } = stepSigmas(settings, index);
  const told = texts?.of(step.next_chunk * strideOf(settings), settings.chunk_latent_frames) ?? null;
  const velocity = await network.predict({ latents, sigma: float32([1], Float32Array.of(from)), base, told });
  const clean = cleanLatents(latents, velocity, from);
  return step.next_chunk === 0 ? clean : blend(refinement, step, clean, index);
}

/** Frames before a random cut within the overlap are those of the chunk before, the others this one's. */
function blend({ settings, seed }: Refinement, { next_chunk, tail }: RefinerStep, clean: Float32Tensor, index: number): Float32Tensor {
  const key = { seed, stage: 'refine', index: next_chunk, step: index, purpose: 'blend_offset' } as const;
  const offset = drawBelow(key, settings.overlap_latent_frames);
  return joinFrames(sliceFrames(tail, 0, offset), sliceFrames(clean, offset, latentDims(clean).frames));
}

export function cutFlow({ latents, base }: Flow, first: number, end: number): Flow {
  return { latents: sliceFrames(latents, first, end), base: sliceFrames(base, first, end) };
}

export function joinFlows(first: Flow, second: Flow): Flow {
  return { latents: joinFrames(first.latents, second.latents), base: joinFrames(first.base, second.base) };
}
