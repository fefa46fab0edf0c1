/** How a package cuts its videos, as far as the edge must know it: where a prompt takes effect, and what a branch begins with. */
import type { PromptSegment } from './generation.ts';
import type { ModelPackage } from './model-package.ts';

type ChunkedModel = Pick<ModelPackage, 'chunk' | 'latent' | 'refiner'>;

/** Frames of video that each chunk adds. */
export function framesOfChunk({ chunk, latent }: Pick<ModelPackage, 'chunk' | 'latent'>): number {
  return chunk.latent_frames * latent.frames_per_latent;
}

/** The first chunk border at or behind a prompt's time, in frames. */
export function borderBehind(start_frame: number, model: Pick<ModelPackage, 'chunk' | 'latent'>): number {
  return Math.ceil(start_frame / framesOfChunk(model)) * framesOfChunk(model);
}

/** Latent frames by which what is finished follows the base, when the base comes by whole strides. */
export function refinerDelay(refiner: NonNullable<ModelPackage['refiner']>): number {
  const { chunk_latent_frames, overlap_latent_frames, num_inference_steps, blending } = refiner;
  const stride = chunk_latent_frames - overlap_latent_frames;
  const chunk_delay = Math.ceil(overlap_latent_frames / stride) * stride;
  return blending === 'causal' ? chunk_delay : chunk_delay * num_inference_steps;
}

/** Chunks of the base that a stored checkpoint may hold beyond the chunk that it was stored with. */
export function chunksAhead({ chunk, refiner }: ChunkedModel): number {
  return refiner ? Math.ceil(refinerDelay(refiner) / chunk.latent_frames) : 0;
}

/**
 * The chunk whose checkpoint a branch begins with, so that its prompt takes effect at the first chunk border at or behind
 * `start_frame`; null where that is the video's start.
 */
export function branchChunk(start_frame: number, model: ChunkedModel): number | null {
  const chunk_index = borderBehind(start_frame, model) / framesOfChunk(model) - chunksAhead(model) - 1;
  return chunk_index < 0 ? null : chunk_index;
}

/** By start; behind those of the same time, so that of two prompts for one border the one that came last counts. */
export function insertSegment(segments: readonly PromptSegment[], segment: PromptSegment): PromptSegment[] {
  const later = segments.findIndex(({ start_frame }) => start_frame > segment.start_frame);
  return segments.toSpliced(later === -1 ? segments.length : later, 0, segment);
}

/** Without those that a later segment overtakes at their border, and those that no chunk of the video begins behind. */
export function segmentsInEffect(
  { segments, frames }: { readonly segments: readonly PromptSegment[]; readonly frames: number },
  model: Pick<ModelPackage, 'chunk' | 'latent'>,
): PromptSegment[] {
  const border = (segment: PromptSegment | undefined) => segment && borderBehind(segment.start_frame, model);
  return segments.filter((segment, i) => borderBehind(segment.start_frame, model) < frames && border(segment) !== border(segments[i + 1]));
}
