/** GET /api/v1/videos/{id}: the state of a video in OpenRouter's words. */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { findVideo } from '../routes/find-video.ts';
import { toJobView } from './job-view.ts';

export async function getJob(c: Context<AppEnv>): Promise<Response> {
  return c.json(await toJobView(c, await findVideo(c)));
}
