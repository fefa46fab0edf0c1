/**
 * Makes one video for a request, however often it is sent. The key is stored with the video's id before the video is
 * made, and a video's object records it once: a repetition after a break goes on with the same id, so no moment is
 * left in which a second one could begin. A key belongs to its account.
 */
import {
  type CreateVideoRequest,
  EverframeError,
  IDEMPOTENCY_HOLD_SECONDS,
  IDEMPOTENCY_KEY_SECONDS,
  priceAhead,
  SDK_RETRY_SECONDS,
  type VideoRecord,
} from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import {
  claimKey,
  claimRetry,
  type IdempotencyRow,
  insertRow,
  type NewIdempotencyRow,
  settleKey,
  takeOver,
} from '../store/idempotency-keys.ts';
import { newVideoId, videoNotFound } from '../videos/video-id.ts';
import { newVideoState } from '../videos/video-state.ts';
import { hashRequest } from './body-hash.ts';
import { type Repetition, readRepetition } from './idempotency-key.ts';

/** Milliseconds after which a request that met its own first try should come again; `retry-after-ms`. */
const RETRY_AFTER_MS = 500;

/** @param create makes the video of this id; safe to repeat */
export async function createOnce(
  c: Context<AppEnv>,
  request: CreateVideoRequest,
  create: (id: string) => Promise<VideoRecord>,
): Promise<VideoRecord> {
  const repetition = readRepetition(c.req.raw.headers);
  if (repetition.kind === 'none') return create(newVideoId());

  const account_id = c.get('account_id');
  const own = newRow(repetition, account_id, await hashRequest(c.get('settings').keyPepper, request));
  const row = await claim(c.env.DB, repetition, own);
  if (row.video_id !== own.video_id) {
    if (row.body_hash !== own.body_hash) throw keyReused();
    const is_answered = row.held_until_ms === null;
    if (!is_answered && (row.held_until_ms > Date.now() || !(await takeOver(c.env.DB, account_id, row, own.held_until_ms))))
      throw underWay(c);
    // Also of a try that broke off behind the recording: the video may have ended since.
    const video = await replay(c, row);
    if (video && !is_answered) await settleKey(c.env.DB, account_id, row.key, null);
    if (video) return video;
    if (is_answered) throw videoNotFound(row.video_id);
  }
  return finish(c, row, create);
}

function newRow(repetition: Repetition, account_id: string, body_hash: string) {
  const now_ms = Date.now();
  const video_id = newVideoId();
  const seconds = repetition.kind === 'key' ? IDEMPOTENCY_KEY_SECONDS : SDK_RETRY_SECONDS;
  return {
    account_id,
    key: repetition.kind === 'key' ? `key:${repetition.key}` : `sdk:${video_id}`,
    body_hash,
    video_id,
    created_at_ms: now_ms,
    expires_at_ms: now_ms + seconds * 1000,
    held_until_ms: now_ms + IDEMPOTENCY_HOLD_SECONDS * 1000,
  } satisfies NewIdempotencyRow;
}

async function claim(db: D1Database, repetition: Repetition, own: NewIdempotencyRow): Promise<IdempotencyRow> {
  if (repetition.kind === 'key') return claimKey(db, own);
  if (repetition.kind === 'sdk' && repetition.retry) return claimRetry(db, own);
  await insertRow(db, own);
  return own;
}

async function finish(c: Context<AppEnv>, row: IdempotencyRow, create: (id: string) => Promise<VideoRecord>): Promise<VideoRecord> {
  const account_id = c.get('account_id');
  try {
    const video = await create(row.video_id);
    await settleKey(c.env.DB, account_id, row.key, null);
    return video;
  } catch (error) {
    // Whether or not a video was made, the next try goes on with its id.
    await settleKey(c.env.DB, account_id, row.key, 0);
    throw error;
  }
}

/** The first answer again: a video as it was when it was made. @returns null where it is not recorded, or gone */
async function replay(c: Context<AppEnv>, row: IdempotencyRow): Promise<VideoRecord | null> {
  const found = await c.env.VIDEO.getByName(row.video_id).prompts();
  if (!found) return null;
  c.header('idempotency-replayed', 'true');
  // Without what it was sent, was paid ahead and has become since.
  const { video, requested: command } = found;
  const price = video.price && { ...video.price, micro_usd: priceAhead(video.price.micro_usd_per_second, command) };
  return newVideoState({ ...video, command, price, held: false });
}

function keyReused(): EverframeError {
  return new EverframeError(
    'idempotency_key_reused',
    "This 'idempotency-key' came with another body before. Send the same body again, or a new key for a new video.",
    { param: 'idempotency-key' },
  );
}

function underWay(c: Context<AppEnv>): EverframeError {
  c.header('retry-after-ms', String(RETRY_AFTER_MS));
  return new EverframeError(
    'idempotency_key_in_use',
    'The first request with this key is still under way. Send it again in a moment, and you get its answer.',
    { param: 'idempotency-key' },
  );
}
