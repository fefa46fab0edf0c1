/**
 * GET /v1/videos/{id}/stream.m3u8: what was committed of a video so far, as a playlist that players ask again until the
 * video has ended. Before the first segment they are held back a while, and then get an empty one: at a refusal they would
 * give up (hls.js does at a 404).
 */
import { EverframeError, framesOfChunk, isFinished, PLAYLIST_SEGMENTS_MAX } from '@everframe/shared';
import type { Context } from 'hono';
import { PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { videoNotFound } from '../videos/video-id.ts';
import { mayWatch } from './authenticate-viewer.ts';
import { awaitFirstSegment } from './await-segment.ts';
import { writePlaylist } from './playlist.ts';
import type { StreamView } from './stream-view.ts';

export async function getPlaylist(c: Context<AppEnv>): Promise<Response> {
  const { id, video } = videoObject(c);
  const look = async () => {
    const stream = await video.stream();
    if (!stream || !mayWatch(c, stream)) throw videoNotFound(id);
    return stream;
  };
  let stream = await look();
  if (stream.segments.length === 0 && !isFinished(stream.status) && c.req.method !== 'HEAD') {
    await awaitFirstSegment(video);
    stream = await look();
  }
  const { segments, status, error, fps, frames } = stream;
  if (status === 'failed' && segments.length === 0) {
    throw new EverframeError('video_failed', `The video failed before its first segment: ${error?.message ?? 'no reason was recorded.'}`);
  }
  const token = c.req.query('token');
  const longest_frames = longestSegment(stream);
  const text = writePlaylist({
    segments,
    fps,
    longest_frames,
    is_whole: frames !== null && frames / longest_frames <= PLAYLIST_SEGMENTS_MAX,
    is_ended: isFinished(status),
    query: token === undefined ? '' : `?token=${token}`,
  });
  return c.body(text, 200, { 'content-type': 'application/vnd.apple.mpegurl' });
}

/** A model that is not served any more made what is committed, and adds nothing. */
function longestSegment({ model, fps }: StreamView): number {
  const served = PACKAGES.find(({ name }) => name === model);
  return served ? framesOfChunk(served) : fps;
}
