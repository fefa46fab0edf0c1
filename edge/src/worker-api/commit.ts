/** POST /internal/v1/videos/{id}/commit: adds an uploaded segment and its checkpoint to the video, and renews the lease. */
import { type CommitAnswer, CommitRequest } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { readCall } from '../http/read-call.ts';
import { fromOutcome } from '../videos/outcome.ts';
import { leaseAnswer } from './lease-answer.ts';

export async function commitSegment(c: Context<AppEnv>): Promise<Response> {
  const { id, video } = videoObject(c);
  const request = await readCall(c.req.raw, CommitRequest);
  const { commit_id, ...lease } = fromOutcome(await video.commit(request));
  return c.json({ commit_id, ...(await leaseAnswer(c, id, lease)) } satisfies CommitAnswer);
}
