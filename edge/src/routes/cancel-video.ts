/**
 * POST /v1/videos/{id}/cancel: ends a video that is not finished. Its worker is told with the answer to its next call, and
 * completes the video with what was made; one without a frame ends here and now. Safe to repeat.
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
