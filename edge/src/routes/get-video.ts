/** GET /v1/videos/{id}: the state of a video. */
import { isFinished } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { findVideo } from './find-video.ts';
import { toVideoView } from './video-view.ts';

/** Milliseconds after which asking again makes sense; clients read it from `openai-poll-after-ms`. */
export const POLL_AFTER_MS = 1000;

export async function getVideo(c: Context<AppEnv>): Promise<Response> {
  const video = await findVideo(c);
  if (!isFinished(video.status)) c.header('openai-poll-after-ms', String(POLL_AFTER_MS));
  return c.json(toVideoView(video));
}
