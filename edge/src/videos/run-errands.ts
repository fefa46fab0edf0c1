/** Does what is due of a video's outbox. Each errand is safe to repeat. */
import { describeError } from '@everframe/shared';
import { type Env, readSettings } from '../env.ts';
import { log } from '../log.ts';
import { callBack } from '../openrouter/call-back.ts';
import { sendJobMessage } from '../queue/sqs-producer.ts';
import { eraseVideoAssets } from '../storage/erase-assets.ts';
import { forgetCredential, storeCredential } from '../store/credentials.ts';
import { storePublications } from '../store/publications.ts';
import { deleteVideo, upsertVideo } from '../store/videos.ts';
import { webhookEventOf } from '../webhooks/webhook-event.ts';
import { dueErrands, type Errand, postponeErrand, settleErrand } from './outbox.ts';
import { droppable } from './restamp.ts';
import { askForTimeStamp } from './restamp-errand.ts';
import { settlementOf } from './settlement.ts';
import type { VideoState } from './video-state.ts';
import { loadState } from './video-tables.ts';

/**
 * One that fails waits, and the others go on.
 * @param announce calls a held video's turn
 * @returns whether the video was erased: what is left is to delete the object's own tables
 */
export async function runErrands(env: Env, sql: SqlStorage, announce: () => Promise<unknown>): Promise<boolean> {
  for (const due of dueErrands(sql, Date.now())) {
    const state = loadState(sql);
    if (!state) return false;
    try {
      if (due.errand === 'turn') await askForTurn(env, state, announce);
      else if (due.errand === 'restamp') await askForTimeStamp(env, sql, state);
      else if (due.errand === 'callback') await callBack(env, sql, state, due.failures);
      else await runErrand(env, due.errand, state);
    } catch (error) {
      log('warn', 'errand failed', { video_id: state.id, errand: due.errand, failures: due.failures + 1, error: describeError(error) });
      postponeErrand(sql, due, Date.now());
      continue;
    }
    if (due.errand === 'erase') return true;
    settleErrand(sql, due);
  }
  return false;
}

/** For a held video that has waited long: its announcement may have been lost. */
async function askForTurn(env: Env, { id, account_id }: VideoState, announce: () => Promise<unknown>): Promise<void> {
  const turn = await env.ACCOUNT.getByName(account_id).turnOf(id);
  // Unknown to its account, it would never be called.
  if (turn !== 'waiting') await announce();
}

async function runErrand(env: Env, errand: Exclude<Errand, 'turn' | 'restamp' | 'callback'>, state: VideoState): Promise<void> {
  switch (errand) {
    case 'doorbell':
      // Claimed, finished or deleted in the meantime: nobody needs to come.
      if (state.status !== 'queued' || state.deleted_at_ms !== null || state.held) return;
      return sendJobMessage(readSettings(env).queue, {
        version: 1,
        video_id: state.id,
        queued_at_ms: Date.now(),
        ...(state.request_id !== null && { request_id: state.request_id }),
      });
    case 'index':
      await upsertVideo(env.DB, state, state.deleted_at_ms === null ? state.status : 'deleted', Date.now());
      return indexCredential(env.DB, state);
    case 'settle':
      return settle(env, state);
    case 'notify': {
      const event = webhookEventOf(state);
      if (event) await env.WEBHOOKS.getByName(state.account_id).publish(event);
      return;
    }
    case 'drop_parent':
      if (state.parent_file) await env.MEDIA.delete(state.parent_file.key);
      return;
    case 'drop_replaced':
      return dropReplaced(env, state);
    case 'erase':
      // Whatever kept the charge from the account would be forgotten with the video.
      await settle(env, state);
      await eraseVideoAssets(env.MEDIA, state.id);
      await forgetCredential(env.DB, state.id);
      await env.WEBHOOKS.getByName(state.account_id).forget(state.id);
      return deleteVideo(env.DB, state.id);
  }
}

async function dropReplaced({ MEDIA }: Env, state: VideoState): Promise<void> {
  const keys = droppable(state);
  if (keys.length > 0) await MEDIA.delete(keys);
}

/** A published file can be looked up; one whose owner deleted it can't once this errand is done, which the deletion asks for at once. */
async function indexCredential(db: D1Database, { id, credential, video, publications, deleted_at_ms }: VideoState): Promise<void> {
  if (deleted_at_ms !== null) return forgetCredential(db, id);
  await storePublications(db, publications);
  if (credential && video) await storeCredential(db, credential, id, video.key);
}

async function settle(env: Env, state: VideoState): Promise<void> {
  const settlement = settlementOf(state);
  if (settlement) await env.ACCOUNT.getByName(state.account_id).settle(state.id, settlement);
}
