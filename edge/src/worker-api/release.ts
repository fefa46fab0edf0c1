/** POST /internal/v1/videos/{id}/release: gives the video back to the queue: at once, or after an error a little later. */
import { ReleaseRequest } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { readCall } from '../http/read-call.ts';
import { fromOutcome } from '../videos/outcome.ts';

export async function releaseVideo(c: Context<AppEnv>): Promise<Response> {
  const { video } = videoObject(c);
  const request = await readCall(c.req.raw, ReleaseRequest);
  const { status } = fromOutcome(await video.release(request));
  return c.json({ status });
}
