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

/** Leaves the video's place in its account's list, see `erased_videos`. */
export async function deleteVideo(db: D1Database, id: string): Promise<void> {
  await db.batch([
    db
      .prepare(
        `INSERT OR IGNORE INTO erased_videos (id, account_id, created_at_ms, erased_at_ms)
         SELECT id, account_id, created_at_ms, ? FROM videos WHERE id = ?`,
      )
      .bind(Date.now(), id),
    db.prepare('DELETE FROM videos WHERE id = ?').bind(id),
  ]);
}

export async function deletePlaces(db: D1Database, before_ms: number): Promise<void> {
  await db.prepare('DELETE FROM erased_videos WHERE erased_at_ms < ?').bind(before_ms).run();
}

/** A video's place in the list of its account, which is in order of creation. */
export interface Place {
  readonly created_at_ms: number;
  readonly id: string;
}

/** @returns null where the account has and had no such video */
export function findPlace(db: D1Database, account_id: string, id: string): Promise<Place | null> {
  return db
    .prepare(
      `SELECT id, created_at_ms FROM videos WHERE id = ?1 AND account_id = ?2
       UNION SELECT id, created_at_ms FROM erased_videos WHERE id = ?1 AND account_id = ?2`,
    )
    .bind(id, account_id)
    .first<Place>();
}

/** An account's videos behind a place, or from the beginning of the list. */
export async function listVideos(
  db: D1Database,
  account_id: string,
  { order, after, limit }: { readonly order: 'asc' | 'desc'; readonly after: Place | null; readonly limit: number },
): Promise<Place[]> {
  const behind = after === null ? '' : `AND (created_at_ms, id) ${order === 'asc' ? '>' : '<'} (?, ?)`;
  const { results } = await db
    .prepare(
      `SELECT id, created_at_ms FROM videos WHERE account_id = ? AND status <> 'deleted' ${behind}
       ORDER BY created_at_ms ${order}, id ${order} LIMIT ?`,
    )
    .bind(account_id, ...(after === null ? [] : [after.created_at_ms, after.id]), limit)
    .all<Place>();
  return results;
}
