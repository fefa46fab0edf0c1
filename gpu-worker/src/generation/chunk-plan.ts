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

/** What becomes of the anchor with a chunk, where anything does. */
export interface AnchorChange {
  /** `renew` makes the chunk without one; the others keep it meanwhile. */
  readonly anchor: PromptSegment['anchor'];
  /** Of the chunk's own frame in the anchor behind it; the rest is the anchor before. 0 to 1. */
  readonly share: number;
}

export interface ChunkPlan {
  readonly chunk_index: number;
  /** The chunk delivers frames [first_frame, end_frame) of the video. */
  readonly first_frame: number;
  readonly end_frame: number;
  readonly prompts: PromptMix;
  /** Empty for the absence of a prompt. */
  readonly negative_prompt: string;
  /** Null where the chunk changes nothing for the family. */
  readonly change: AnchorChange | null;
  /** The segment that begins with this chunk, if one does; one that a later segment overtakes is in no chunk. */
  readonly applied: readonly AppliedSegment[];
}

export type PlannedCommand = Pick<GenerationCommand, 'frames' | 'prompt' | 'negative_prompt' | 'segments'>;

/** Where the planning of a video stands: all that a chunk's plan takes from those before it. */
export interface PlanPosition {
  readonly chunk_index: number;
  /** Under which the chunk before was made, and since which chunk. */
  readonly segment: PromptSegment | undefined;
  readonly began_at: number;
  /** What was told before that segment began, and in the chunk before. */
  readonly told_before: PromptMix;
  readonly told: PromptMix;
}

export function startPlanning({ prompt }: PlannedCommand): PlanPosition {
  const told = [{ prompt, weight: 1 }];
  return { chunk_index: 0, segment: undefined, began_at: 0, told_before: told, told };
}

/** The next chunk, and where the planning stands behind it. Null behind the video's last frame. */
export function planChunk(
  command: PlannedCommand,
  chunk_frames: number,
  position: PlanPosition,
): { plan: ChunkPlan; position: PlanPosition } | null {
  const { chunk_index } = position;
  const first_frame = chunk_index * chunk_frames;
  if (first_frame >= command.frames) return null;
  const segment = command.segments.findLast(({ start_frame }) => start_frame <= first_frame);
  const begins = segment !== position.segment;
  const began_at = begins ? chunk_index : position.began_at;
  const told_before = begins ? position.told : position.told_before;
  const age = chunk_index - began_at;
  const prompts = segment ? blendPrompts(told_before, segment.prompt, shareAt(segment, age)) : position.told;
  const plan: ChunkPlan = {
    chunk_index,
    first_frame,
    end_frame: Math.min(command.frames, first_frame + chunk_frames),
    prompts,
    negative_prompt: command.negative_prompt,
    change: segment ? changeAt(segment, age) : null,
    applied: segment && begins ? [{ start_frame: segment.start_frame, applied_frame: first_frame, chunk_index }] : [],
  };
  return { plan, position: { chunk_index: chunk_index + 1, segment, began_at, told_before, told: prompts } };
}

/** Every chunk of a video that has an end. */
export function planChunks(command: PlannedCommand, description: Pick<FamilyDescription, 'latent' | 'latent_frames'>): ChunkPlan[] {
  const plans: ChunkPlan[] = [];
  let next = planChunk(command, chunkFrames(description), startPlanning(command));
  while (next) {
    plans.push(next.plan);
    next = planChunk(command, chunkFrames(description), next.position);
  }
  return plans;
}

/** Frames of video that a chunk adds. */
export function chunkFrames({ latent, latent_frames }: Pick<FamilyDescription, 'latent' | 'latent_frames'>): number {
  return latent_frames * latent.frames_per_latent;
}

/** How far the turn to a segment's prompt has come with the chunk of that age. */
function shareAt({ blend_chunks }: PromptSegment, age: number): number {
  return Math.min(1, (age + 1) / (blend_chunks + 1));
}

function changeAt(segment: PromptSegment, age: number): AnchorChange | null {
  const { anchor, blend_chunks } = segment;
  if (age > blend_chunks) return null;
  if (anchor === 'blend') return { anchor, share: shareAt(segment, age) };
  if (anchor === 'renew' && age === blend_chunks) return { anchor, share: 1 };
  return age === 0 ? { anchor: 'keep', share: 0 } : null;
}
