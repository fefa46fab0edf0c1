/** For tests: the claim of an extension of which nothing is made yet. */
import type { ClaimAnswer } from '@everframe/shared';
import { commandFor } from './inference.ts';
import { CHUNKS, type Made, takenOver } from './live-video.ts';

/** Chunks of four frames, four to a second, that an extension has from its parent; the rest of its five are its own. */
export const KEPT = 3;

/** @param parent a video of that many chunks; what it has stored gets its file under another key */
export function extensionOf(parent: Made, video_id: string): Partial<ClaimAnswer> {
  const { segments = [], checkpoint = null } = takenOver(parent, KEPT);
  const command = { ...commandFor(CHUNKS), continues: { video_id, frames: 4 * KEPT, kept_frames: 4 * KEPT } };
  const file = { key: 'parent.mp4', sha256: '0'.repeat(64), bytes: parent.video.length };
  parent.stored.set(file.key, parent.video);
  return { parent: null, segments, checkpoint, command, lineage: { kind: 'extended', video_id, file } };
}
