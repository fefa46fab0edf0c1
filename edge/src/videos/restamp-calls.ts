/** What a worker asks of a published video that lacks a time-stamp, and what it brings. */
import { REPLACED_FILE_SECONDS, RESTAMP_SECONDS, type RestampAnswer, type RestampedRequest, type VideoRecord } from '@everframe/shared';
import { log } from '../log.ts';
import { requireAssets } from '../storage/require-assets.ts';
import { putErrand } from './outbox.ts';
import { claimRestamp, restamped } from './restamp.ts';
import type { StoredVideo } from './stored-video.ts';
import * as tables from './video-tables.ts';

export type FilesToStamp = Omit<RestampAnswer, 'ticket'> & { readonly ends_at_ms: number };

export async function handOutFiles(stored: StoredVideo, worker_id: string): Promise<FilesToStamp> {
  const ends_at_ms = Date.now() + RESTAMP_SECONDS * 1000;
  const state = claimRestamp(stored.load(), worker_id, ends_at_ms, Date.now());
  tables.saveState(stored.sql, state);
  // A worker that dies after an upload says nothing of it.
  putErrand(stored.sql, 'drop_replaced', ends_at_ms + REPLACED_FILE_SECONDS * 1000);
  await stored.setAlarm();
  const { id, epoch, request_id, video, thumbnail, spritesheet, publications } = state;
  if (!video || !thumbnail) throw new Error(`completed ${id} has no files`);
  return { epoch, request_id, video, thumbnail, spritesheet, publication: publications.at(-1) ?? null, ends_at_ms };
}

/** They take the place of the others in one write, once they are known to be there. */
export async function takeStampedFiles(stored: StoredVideo, bucket: R2Bucket, request: RestampedRequest): Promise<VideoRecord> {
  const { id } = restamped(stored.load(), request);
  if (request.outcome === 'stamped') {
    const { epoch, video, thumbnail, spritesheet } = request;
    const own = { ...(video && { video }), ...(thumbnail && { thumbnail }), ...(spritesheet && { spritesheet }) };
    await requireAssets(bucket, id, epoch, own);
  }

  // Whatever happened during the look is checked again, in one stretch with the write.
  const before = stored.load();
  const state = restamped(before, request);
  tables.saveState(stored.sql, state);
  if (request.outcome === 'impossible') {
    log('error', 'a video cannot be time-stamped', { video_id: id, request_id: state.request_id, message: request.message });
  }
  if (state.replaced.some((key) => !before.replaced.includes(key))) {
    putErrand(stored.sql, 'index', Date.now());
    putErrand(stored.sql, 'drop_replaced', Date.now() + REPLACED_FILE_SECONDS * 1000);
  }
  await stored.setAlarm();
  return state;
}
