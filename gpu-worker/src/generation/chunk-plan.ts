/**
 * How a video is cut into chunks, and which prompt each obeys. Every chunk is denoised at full length and adds the same
 * number of frames; the last delivers only what is left. Ranges are half open, in frames of video.
 */
import type { GenerationCommand, PromptSegment } from '@everframe/shared';
import type { FamilyDescription } from './family.ts';
import { blendPrompts, type PromptMix } from './prompt-mix.ts';

/** Where a segment's prompt was asked for, and where it takes effect. */
export interface AppliedSegment {
  readonly start_frame: number;
  readonly applied_frame: number;
  readonly chunk_index: number;
}

export interface ChunkPlan {
  readonly chunk_index: number;
  /** The chunk delivers frames [first_frame, end_frame) of the video. */
  readonly first_frame: number;
  readonly end_frame: number;
  readonly prompts: PromptMix;
  /** Empty for the absence of a prompt. */
  readonly negative_prompt: string;
  /** What becomes of the anchor where the prompt changes: at once, or renewed when the text is all new. Null elsewhere. */
  readonly change: PromptSegment['anchor'] | null;
  /** The segment that begins with this chunk, if one does; one that a later segment overtakes is in no chunk. */
  readonly applied: readonly AppliedSegment[];
}

export type PlannedCommand = Pick<GenerationCommand, 'frames' | 'prompt' | 'negative_prompt' | 'segments'>;

export function planChunks(command: PlannedCommand, description: Pick<FamilyDescription, 'latent' | 'latent_frames'>): ChunkPlan[] {
  const { frames, negative_prompt, segments } = command;
  const chunk_frames = chunkFrames(description);
  const plans: ChunkPlan[] = [];
  let segment: PromptSegment | undefined;
  let prompts: PromptMix = [{ prompt: command.prompt, weight: 1 }];
  let border = { chunk_index: 0, prompts };
  for (let first_frame = 0; first_frame < frames; first_frame += chunk_frames) {
    const chunk_index = plans.length;
    const before = segment;
    segment = segments.findLast(({ start_frame }) => start_frame <= first_frame);
    const begins = segment !== before;
    if (begins) border = { chunk_index, prompts };
    const age = chunk_index - border.chunk_index;
    if (segment) prompts = blendPrompts(border.prompts, segment.prompt, (age + 1) / (segment.blend_chunks + 1));
    plans.push({
      chunk_index,
      first_frame,
      end_frame: Math.min(frames, first_frame + chunk_frames),
      prompts,
      negative_prompt,
      change: segment ? changeAt(segment, age) : null,
      applied: segment && begins ? [{ start_frame: segment.start_frame, applied_frame: first_frame, chunk_index }] : [],
    });
  }
  return plans;
}

/** Frames of video that a chunk adds. */
export function chunkFrames({ latent, latent_frames }: Pick<FamilyDescription, 'latent' | 'latent_frames'>): number {
  return latent_frames * latent.frames_per_latent;
}

function changeAt({ anchor, blend_chunks }: PromptSegment, age: number): PromptSegment['anchor'] | null {
  if (anchor === 'renew' && age === blend_chunks) return 'renew';
  return age === 0 ? 'keep' : null;
}
