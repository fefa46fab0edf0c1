/** What a playlist is made of: the part of a video's record that it needs, and the segments. Asked every second, so nothing more. */
import { PLAYLIST_SEGMENTS_MAX, type VideoRecord } from '@everframe/shared';
import type { Sql } from '../accounts/ledger.ts';
import { lastSegments, type StreamedSegment } from '../videos/stream-tables.ts';

export interface StreamView extends Pick<VideoRecord, 'id' | 'account_id' | 'status' | 'error'> {
  readonly model: string;
  /** Frames a second. */
  readonly fps: number;
  /** Frames that were asked for; null for a video that has no end. */
  readonly frames: number | null;
  readonly segments: readonly StreamedSegment[];
}

export function streamView(sql: Sql, { id, account_id, status, error, command, endless }: VideoRecord): StreamView {
  const { model, fps, frames, continues } = command;
  const segments = lastSegments(sql, PLAYLIST_SEGMENTS_MAX, continues?.kept_frames ?? 0);
  return { id, account_id, status, error, model, fps, frames: endless ? null : frames, segments };
}
