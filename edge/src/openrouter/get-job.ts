/** GET /api/v1/videos/{id}: the state of a video in OpenRouter's words. */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { publicOrigin } from '../http/public-origin.ts';
import { findVideo } from '../routes/find-video.ts';
import { type Addressed, toJobView } from './job-view.ts';

export async function getJob(c: Context<AppEnv>): Promise<Response> {
  return c.json(await toJobView(await findVideo(c), addressedTo(c)));
}

export function addressedTo(c: Context<AppEnv>): Addressed {
  return { origin: publicOrigin(c), pepper: c.get('settings').keyPepper };
}
