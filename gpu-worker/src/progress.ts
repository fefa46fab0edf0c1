/** How far a video has come, and where this worker keeps its own copies of the segments. */
import { join } from 'node:path';
import type { Asset, GenerationCommand, Segment } from '@everframe/shared';

/** What has been committed, as the edge knows it. */
export interface Progress {
  readonly parent: string | null;
  readonly segments: readonly Segment[];
  readonly checkpoint: Asset | null;
}

/** Frames [0, framesDone) have been delivered. */
export function framesDone({ segments }: Pick<Progress, 'segments'>): number {
  const last = segments.at(-1);
  return last ? last.first_frame + last.frames : 0;
}

/** Those that were made for this video: what comes before them in an extension is its parent's. */
export function ownSegments({ continues }: Pick<GenerationCommand, 'continues'>, segments: readonly Segment[]): readonly Segment[] {
  return segments.filter(({ first_frame }) => first_frame >= (continues?.kept_frames ?? 0));
}

/** Where this worker keeps its own copy of a segment until the file is joined. */
export function segmentPath(scratch_dir: string, chunk_index: number): string {
  return join(scratch_dir, `segment-${chunk_index}.m4s`);
}
