/** What a finished video was made from, for its manifest: nothing, or the signed file of another video. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClaimAnswer } from '@everframe/shared';
import type { JobContext } from './job.ts';
import type { Lease } from './lease.ts';
import type { Origin } from './provenance/assertions.ts';

/** A remix of a video that never had a file has only its words and seed from there: it counts as made from nothing. */
export async function fetchOrigin({ edge, scratch_dir }: JobContext, lease: Lease, { lineage, command }: ClaimAnswer): Promise<Origin> {
  if (!lineage?.file) return { kind: 'created' };
  const path = join(scratch_dir, 'parent.mp4');
  await writeFile(path, await edge.download(() => lease.ticket, lineage.file, lease.signal));
  return {
    kind: lineage.kind,
    parent: { path, mime_type: 'video/mp4', title: lineage.video_id },
    parent_made_by_model: true,
    strength: command.edits?.strength,
  };
}
