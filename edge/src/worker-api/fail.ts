/** POST /internal/v1/videos/{id}/fail: gives the video up for good; nobody tries it again. */
import { FailRequest } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { readCall } from '../http/read-call.ts';
import { fromOutcome } from '../videos/outcome.ts';

export async function failVideo(c: Context<AppEnv>): Promise<Response> {
  const { video } = videoObject(c);
  const request = await readCall(c.req.raw, FailRequest);
  const { status } = fromOutcome(await video.fail(request));
  return c.json({ status });
}
