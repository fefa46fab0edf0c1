/** Does one errand of a video's outbox. Each is safe to repeat. */
import { type Env, readSettings } from '../env.ts';
import { sendJobMessage } from '../queue/sqs-producer.ts';
import { eraseVideoAssets } from '../storage/erase-assets.ts';
import { forgetCredential, storeCredential } from '../store/credentials.ts';
import { deleteVideo, upsertVideo } from '../store/videos.ts';
import { webhookEventOf } from '../webhooks/webhook-event.ts';
import type { Errand } from './outbox.ts';
import { settlementOf } from './settlement.ts';
import type { VideoState } from './video-state.ts';

export async function runErrand(env: Env, errand: Exclude<Errand, 'turn'>, state: VideoState): Promise<void> {
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
    case 'erase':
      // Whatever kept the charge from the account would be forgotten with the video.
      await settle(env, state);
      await eraseVideoAssets(env.MEDIA, state.id);
      await forgetCredential(env.DB, state.id);
      await env.WEBHOOKS.getByName(state.account_id).forget(state.id);
      return deleteVideo(env.DB, state.id);
  }
}

/** A published file can be looked up; one whose owner deleted it can't from that moment on. */
async function indexCredential(db: D1Database, { id, credential, video, deleted_at_ms }: VideoState): Promise<void> {
  if (deleted_at_ms !== null) return forgetCredential(db, id);
  if (credential && video) await storeCredential(db, credential, id, video.key);
}

async function settle(env: Env, state: VideoState): Promise<void> {
  const settlement = settlementOf(state);
  if (settlement) await env.ACCOUNT.getByName(state.account_id).settle(state.id, settlement);
}
