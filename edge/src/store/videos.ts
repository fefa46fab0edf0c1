/** D1: the index of videos, written by their Durable Objects. It lists and finds; the object holds the truth. */
import type { VideoRecord, VideoStatus } from '@everframe/shared';

/** What the index says of a video; `deleted` until its objects are erased too. */
export type IndexedStatus = VideoStatus | 'deleted';

/** Safe to repeat; a row never goes back in time. */
export async function upsertVideo(db: D1Database, video: VideoRecord, status: IndexedStatus, updated_at_ms: number): Promise<void> {
  await db
    .prepare(
      `INSERT INTO videos (id, account_id, status, model, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET status = excluded.status, updated_at_ms = excluded.updated_at_ms
       WHERE excluded.updated_at_ms >= videos.updated_at_ms`,
    )
    .bind(video.id, video.account_id, status, video.command.model, video.created_at_ms, updated_at_ms)
    .run();
}

/**
 * Ids of videos last heard of before the time of their kind, longest ago first. Deleted ones have work left, so they
 * count as unfinished.
 * @param before Unix milliseconds
 */
export async function listStaleVideos(
  db: D1Database,
  before: { readonly unfinished_ms: number; readonly finished_ms: number },
  limit: number,
): Promise<string[]> {
  const { results } = await db
    .prepare(
      `SELECT id FROM videos
       WHERE (status IN ('queued', 'in_progress', 'deleted') AND updated_at_ms < ?)
          OR (status IN ('completed', 'failed') AND updated_at_ms < ?)
       ORDER BY updated_at_ms LIMIT ?`,
    )
    .bind(before.unfinished_ms, before.finished_ms, limit)
    .all<{ id: string }>();
  return results.map((row) => row.id);
}

export async function deleteVideo(db: D1Database, id: string): Promise<void> {
  await db.prepare('DELETE FROM videos WHERE id = ?').bind(id).run();
}
