/**
 * POST /v1/videos/{id}/cancel: ends a video that is not finished. What was committed is charged, the rest of its
 * reservation comes back. The worker learns of it as the refusal of its next beat or commit. Safe to repeat.
 */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { fromOutcome } from '../videos/outcome.ts';
import { findVideo } from './find-video.ts';
import { toVideoView } from './video-view.ts';

export async function cancelVideo(c: Context<AppEnv>): Promise<Response> {
  await findVideo(c);
  return c.json(toVideoView(fromOutcome(await videoObject(c).video.cancel())));
}
