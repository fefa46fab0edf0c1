/** Tells the queue that a published video lacks a time-stamp, and again after ever longer waits, until it has one or nobody can give it one. */
import { REPLACED_FILE_SECONDS, RESTAMP_TRIES } from '@everframe/shared';
import { type Env, readSettings } from '../env.ts';
import { log } from '../log.ts';
import { sendJobMessage } from '../queue/sqs-producer.ts';
import { putErrand } from './outbox.ts';
import { restampWait } from './restamp.ts';
import type { VideoState } from './video-state.ts';
import * as tables from './video-tables.ts';

export async function askForTimeStamp(
  env: Env,
  sql: SqlStorage,
  { id: video_id, request_id, restamp, deleted_at_ms }: VideoState,
): Promise<void> {
  if (!restamp || deleted_at_ms !== null) return;
  if (restamp.tries < RESTAMP_TRIES) {
    const { queue } = readSettings(env);
    const known = request_id === null ? {} : { request_id };
    await sendJobMessage(queue, { version: 1, video_id, queued_at_ms: Date.now(), work: 'restamp', ...known });
  } else {
    log('error', 'a video stays without a time-stamp', { video_id, tries: restamp.tries });
  }
  // Whatever happened during the call counts.
  const now = tables.loadState(sql);
  if (!now?.restamp) return;
  const tries = now.restamp.tries + 1;
  tables.saveState(sql, { ...now, restamp: tries > RESTAMP_TRIES ? null : { ...now.restamp, tries } });
  if (tries <= RESTAMP_TRIES) {
    putErrand(sql, 'restamp', Date.now() + restampWait(readSettings(env).restampAfterSeconds, tries));
    return;
  }
  // What the last worker uploaded was left alone as long as it could bring it.
  const ends_at_ms = Math.max(Date.now(), now.restamp.lease?.ends_at_ms ?? 0);
  if (now.replaced.length > 0) putErrand(sql, 'drop_replaced', ends_at_ms + REPLACED_FILE_SECONDS * 1000);
}
