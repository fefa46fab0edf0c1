/** GET /internal/v1/videos/{id}/events: the recorded history of a video, for operators and tests. */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { videoNotFound } from '../videos/video-id.ts';

export async function listEvents(c: Context<AppEnv>): Promise<Response> {
  const { id, video } = videoObject(c);
  const events = await video.history();
  if (!events) throw videoNotFound(id);
  return c.json({ object: 'list', data: events });
}
