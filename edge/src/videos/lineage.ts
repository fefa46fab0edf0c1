/** The video that another was made after, as its worker has to name it in the manifest. */
import type { Lineage, VideoRecord } from '@everframe/shared';

/** @returns null for a video that was made after no other */
export function lineageOf({ command, remixed_from_video_id, parent_file: file }: VideoRecord): Lineage | null {
  if (command.continues) return { kind: 'extended', video_id: command.continues.video_id, file };
  if (remixed_from_video_id !== null) return { kind: 'remixed', video_id: remixed_from_video_id, file };
  if (command.edits) return { kind: 'edited', video_id: command.edits.video_id, file };
  return null;
}
