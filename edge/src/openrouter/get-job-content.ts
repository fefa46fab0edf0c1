/** GET and HEAD /api/v1/videos/{id}/content?index=0: the signed file, for a key or for the address that the job names. */
import { EverframeError } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { requireContent } from '../routes/get-content.ts';
import { serveAsset } from '../storage/asset-reader.ts';
import { mayWatch } from '../streaming/authenticate-viewer.ts';
import { videoNotFound } from '../videos/video-id.ts';

export async function getJobContent(c: Context<AppEnv>): Promise<Response> {
  const index = c.req.query('index') ?? '0';
  if (index !== '0') {
    throw new EverframeError('invalid_value', `'index' must be 0: a job makes one video; got '${index.slice(0, 60)}'.`, { param: 'index' });
  }
  const { id, video } = videoObject(c);
  const record = await video.view();
  if (!record || !mayWatch(c, record)) throw videoNotFound(id);
  return serveAsset(c, requireContent(c, record, 'video'), { content_type: 'video/mp4', file_name: `${id}.mp4`, may_change: true });
}
