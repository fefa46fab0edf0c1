/** POST /internal/v1/videos/{id}/complete: publishes the signed file and its thumbnail; all frames must be committed. */
import { CompleteRequest } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { readCall } from '../http/read-call.ts';
import { requirePublication } from '../publications/require-publication.ts';
import { fromOutcome } from '../videos/outcome.ts';

export async function completeVideo(c: Context<AppEnv>): Promise<Response> {
  const { id, video } = videoObject(c);
  const request = await readCall(c.req.raw, CompleteRequest);
  requirePublication(request.publication, id, request.video);
  const { status } = fromOutcome(await video.complete(request));
  return c.json({ status });
}
