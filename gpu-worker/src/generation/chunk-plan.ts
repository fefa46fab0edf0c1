/**
 * How a video is cut into chunks, and which prompt each obeys. Every chunk is denoised at full length and adds the same
 * number of frames; the last delivers only what is left. Ranges are half open, in frames of video.
 */
import type { GenerationCommand, ModelPackage, PromptSegment } from '@everframe/shared';

export interface ChunkPlan {
  readonly chunk_index: number;
  /** The chunk delivers frames [first_frame, end_frame) of the video. */
  readonly first_frame: number;
  readonly end_frame: number;
  readonly prompt: string;
  /** Made without an anchor, and the next anchor is taken from it. */
  readonly renews_anchor: boolean;
}

export function planChunks(
  { frames, prompt, segments }: Pick<GenerationCommand, 'frames' | 'prompt' | 'segments'>,
  { chunk, latent }: Pick<ModelPackage, 'chunk' | 'latent'>,
): ChunkPlan[] {
  const chunk_frames = chunk.latent_frames * latent.frames_per_latent;
  const plans: ChunkPlan[] = [];
  let before: PromptSegment | undefined;
  for (let first_frame = 0; first_frame < frames; first_frame += chunk_frames) {
    const segment = segments.findLast(({ start_frame }) => start_frame <= first_frame);
    const renews_anchor = first_frame === 0 || (segment !== before && segment?.anchor === 'renew');
    const end_frame = Math.min(frames, first_frame + chunk_frames);
    plans.push({ chunk_index: plans.length, first_frame, end_frame, prompt: segment?.prompt ?? prompt, renews_anchor });
    before = segment;
  }
  return plans;
}
