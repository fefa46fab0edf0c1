/** The Durable Object of the video that a route names. A malformed id is as unknown as any other. */
import { VideoId } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoNotFound } from '../videos/video-id.ts';
import type { VideoObject } from '../videos/video-object.ts';

export function videoObject(c: Context<AppEnv>): { id: VideoId; video: DurableObjectStub<VideoObject> } {
  const id = c.req.param('id') ?? '';
  if (!VideoId.safeParse(id).success) throw videoNotFound(id);
  return { id, video: c.env.VIDEO.getByName(id) };
}
