/**
 * Tells the address that a request named how its video ended, in OpenRouter's form: `video.generation.<status>` with the job,
 * `X-OpenRouter-Signature: t=<Unix seconds>,v1=<hex HMAC-SHA-256 of "t,body">`. An errand of the video's outbox.
 */
import { hmacHex } from '@everframe/shared';
import { type Env, readSettings } from '../env.ts';
import { log } from '../log.ts';
import { putErrand } from '../videos/outbox.ts';
import type { VideoState } from '../videos/video-state.ts';
import { post } from '../webhooks/deliver.ts';
import { retryDelay } from '../webhooks/retry-schedule.ts';
import { webhookEventOf } from '../webhooks/webhook-event.ts';
import { callbackSecret } from './callback-secret.ts';
import { toJobView } from './job-view.ts';

/** @param failures of this errand so far */
export async function callBack(env: Env, sql: SqlStorage, state: VideoState, failures: number): Promise<void> {
  const { id, account_id, callback } = state;
  const event = webhookEventOf(state);
  // Deleted in the meantime: nobody waits for it.
  if (!callback || !event) return;
  const { keyPepper, outbound } = readSettings(env);
  const { polling_url: _own, ...job } = await toJobView(state, { origin: callback.origin, pepper: keyPepper });
  const data = { ...job, model: state.command.model };
  const created_at = new Date(event.created_at * 1000).toISOString();
  const body = JSON.stringify({ type: `video.generation.${job.status}`, created_at, data });
  const secret = await callbackSecret(keyPepper, account_id);
  const sign = async (timestamp: number) => ({
    'x-openrouter-signature': `t=${timestamp},v1=${await hmacHex(secret, `${timestamp},${body}`)}`,
    'x-openrouter-idempotency-key': `${id}-${job.status}`,
  });
  const { error } = await post(callback.url, body, sign, outbound);
  if (error === null) return;
  const delay_ms = retryDelay(failures + 1);
  log('warn', 'callback not delivered', { video_id: id, attempt: failures + 1, last: delay_ms === null, error });
  if (delay_ms !== null) putErrand(sql, 'callback', Date.now() + delay_ms, failures + 1);
}
