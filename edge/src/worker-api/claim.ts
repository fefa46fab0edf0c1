/** POST /internal/v1/videos/{id}/claim: a worker takes the video and learns all it needs to go on with it. */
import { type ClaimAnswer, ClaimRequest } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { readCall } from '../http/read-call.ts';
import { markOf } from '../soft-bindings/mark-of.ts';
import { fromOutcome } from '../videos/outcome.ts';
import { leaseAnswer } from './lease-answer.ts';
import { promptKey } from './prompt-key.ts';

export async function claimVideo(c: Context<AppEnv>): Promise<Response> {
  const { id, video } = videoObject(c);
  const { worker_id } = await readCall(c.req.raw, ClaimRequest);
  const { lease_ends_at_ms, directives, ...claimed } = fromOutcome(await video.claim(worker_id));
  const lease = await leaseAnswer(c, id, { epoch: claimed.epoch, lease_ends_at_ms, directives });
  const { keyPepper, invisibleMark } = c.get('settings');
  const prompt_key = await promptKey(keyPepper, id);
  const mark = invisibleMark ? await markOf(keyPepper, id) : undefined;
  return c.json({ ...claimed, ...lease, prompt_key, mark } satisfies ClaimAnswer);
}
