/** POST /internal/v1/videos/{id}/beat: renews the lease between commits. */
import { BeatRequest } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { readCall } from '../http/read-call.ts';
import { fromOutcome } from '../videos/outcome.ts';
import { leaseAnswer } from './lease-answer.ts';

export async function beatVideo(c: Context<AppEnv>): Promise<Response> {
  const { id, video } = videoObject(c);
  const { epoch } = await readCall(c.req.raw, BeatRequest);
  return c.json(await leaseAnswer(c, id, fromOutcome(await video.beat(epoch))));
}
