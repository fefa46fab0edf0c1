/** D1: the index of videos, written by their Durable Objects. It lists and finds; the object holds the truth. */
import type { VideoRecord } from '@everframe/shared';

/** Safe to repeat; a row never goes back in time. */
export async function upsertVideo(db: D1Database, video: VideoRecord, updated_at_ms: number): Promise<void> {
  await db
    .prepare(
      `INSERT INTO videos (id, account_id, status, model, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET status = excluded.status, updated_at_ms = excluded.updated_at_ms
       WHERE excluded.updated_at_ms >= videos.updated_at_ms`,
    )
    .bind(video.id, video.account_id, video.status, video.command.model, video.created_at_ms, updated_at_ms)
    .run();
}

/** Ids of unfinished videos last heard of before `before_ms`, longest ago first. */
export async function listStaleVideos(db: D1Database, before_ms: number, limit: number): Promise<string[]> {
  const { results } = await db
    .prepare(
      `SELECT id FROM videos WHERE status IN ('queued', 'in_progress') AND updated_at_ms < ?
       ORDER BY updated_at_ms LIMIT ?`,
    )
    .bind(before_ms, limit)
    .all<{ id: string }>();
  return results.map((row) => row.id);
}

export async function deleteVideo(db: D1Database, id: string): Promise<void> {
  await db.prepare('DELETE FROM videos WHERE id = ?').bind(id).run();
}
