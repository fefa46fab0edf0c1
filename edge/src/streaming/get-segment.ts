/** GET and HEAD /v1/videos/{id}/segments/{name}: one object of the playlist. It never changes, so it may be kept for good. */
import { EverframeError } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { serveAsset } from '../storage/asset-reader.ts';
import { videoNotFound } from '../videos/video-id.ts';
import { mayWatch } from './authenticate-viewer.ts';
import { parseSegmentName } from './playlist.ts';

export async function getSegment(c: Context<AppEnv>): Promise<Response> {
  const { id, video } = videoObject(c);
  const name = c.req.param('name') ?? '';
  const found = await video.segmentFile(parseSegmentName(name) ?? null);
  if (!found || !mayWatch(c, found)) throw videoNotFound(id);
  if (!found.file) {
    throw new EverframeError('segment_not_found', `The video has no segment '${name.slice(0, 60)}'. stream.m3u8 lists those that it has.`, {
      param: 'name',
    });
  }
  return serveAsset(c, found.file, { content_type: 'video/mp4', file_name: `${id}-${name}` });
}
