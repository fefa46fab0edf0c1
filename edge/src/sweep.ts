/**
 * The minute cron: wakes the objects of videos that should have moved on since D1 last heard of them. It catches what
 * an alarm or a queue message could have lost; a row whose object is gone is removed, and so is what D1 keeps for a time.
 */
import { describeError, LIST_PLACE_HOURS, MODERATION_AUDIT_DAYS, RETENTION_DAYS } from '@everframe/shared';
import type { Env } from './env.ts';
import { log } from './log.ts';
import { deleteExpiredKeys } from './store/idempotency-keys.ts';
import { deleteModerationAudits } from './store/moderation-audits.ts';
import { deletePlaces, deleteVideo, listStaleVideos } from './store/videos.ts';

/** A video is left alone for this long, so a waiting one is announced at most once in that time. */
const STALE_AFTER_MS = 10 * 60_000;
/** A finished video should have erased itself a day before. */
const OVERDUE_AFTER_MS = (RETENTION_DAYS + 1) * 24 * 60 * 60 * 1000;
const BATCH = 50;

export async function sweepVideos(env: Env, now_ms: number): Promise<void> {
  const ids = await listStaleVideos(env.DB, { unfinished_ms: now_ms - STALE_AFTER_MS, finished_ms: now_ms - OVERDUE_AFTER_MS }, BATCH);
  await Promise.all(ids.map((id) => poke(env, id)));
  await deleteExpiredKeys(env.DB, now_ms);
  await deleteModerationAudits(env.DB, now_ms - MODERATION_AUDIT_DAYS * 24 * 60 * 60 * 1000);
  await deletePlaces(env.DB, now_ms - LIST_PLACE_HOURS * 60 * 60 * 1000);
}

async function poke(env: Env, video_id: string): Promise<void> {
  try {
    const exists = await env.VIDEO.getByName(video_id).poke();
    if (!exists) await deleteVideo(env.DB, video_id);
  } catch (error) {
    // The next minute tries again.
    log('error', 'sweep failed', { video_id, error: describeError(error) });
  }
}
