/**
 * How a video is cut into chunks. Every chunk is denoised at full length; all but the first begin with frames of the one
 * before, and the last delivers only what is left. One latent frame is one frame. Ranges are half open.
 */
import type { GenerationCommand, ModelPackage } from '@everframe/shared';

export interface ChunkPlan {
  readonly chunk_index: number;
  /** The chunk delivers frames [first_frame, end_frame) of the video. */
  readonly first_frame: number;
  readonly end_frame: number;
  /** Frames of the chunk before it with which it begins; 0 in the first. */
  readonly overlap_frames: number;
  readonly prompt: string;
}

export function planChunks({ frames, prompt }: Pick<GenerationCommand, 'frames' | 'prompt'>, { chunk }: ModelPackage): ChunkPlan[] {
  const plans: ChunkPlan[] = [];
  for (let first_frame = 0; first_frame < frames; ) {
    const overlap_frames = plans.length === 0 ? 0 : chunk.overlap_frames;
    const end_frame = Math.min(frames, first_frame + chunk.frames - overlap_frames);
    plans.push({ chunk_index: plans.length, first_frame, end_frame, overlap_frames, prompt });
    first_frame = end_frame;
  }
  return plans;
}
