/** DELETE /v1/videos/{id}: ends a video in any state. A worker on it is refused at its next call and stops. */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { findVideo } from './find-video.ts';

export async function deleteVideo(c: Context<AppEnv>): Promise<Response> {
  const { id } = await findVideo(c);
  await videoObject(c).video.remove();
  return c.json({ id, object: 'video.deleted', deleted: true });
}
