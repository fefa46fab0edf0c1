/** Ids of videos: `video_` and 32 hex digits. The id names the Durable Object. */
import { EverframeError, JobMessage } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import type { VideoObject } from './video-object.ts';

export function newVideoId(): string {
  return `video_${crypto.randomUUID().replaceAll('-', '')}`;
}

/** The object of the video that the route names. A malformed id is as unknown as any other. */
export function videoObject(c: Context<AppEnv>): { id: string; video: DurableObjectStub<VideoObject> } {
  const id = c.req.param('id') ?? '';
  if (!JobMessage.shape.video_id.safeParse(id).success) throw videoNotFound(id);
  return { id, video: c.env.VIDEO.getByName(id) };
}

export function videoNotFound(id: string): EverframeError {
  return new EverframeError('video_not_found', `There is no video '${id.slice(0, 60)}'.`, { param: 'video_id' });
}
