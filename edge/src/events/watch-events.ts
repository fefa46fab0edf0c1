/**
 * GET /v1/videos/{id}/events: what happens to a video, as server-sent events: all that has happened, or what came after
 * the event that the client saw last, then what happens, until the video has ended.
 */
import { EVENT_READERS_MAX, EverframeError } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { mayWatch } from '../streaming/authenticate-viewer.ts';
import { videoNotFound } from '../videos/video-id.ts';
import { eventStream } from './event-stream.ts';

export async function watchEvents(c: Context<AppEnv>): Promise<Response> {
  const { id, video } = videoObject(c);
  const record = await video.view();
  if (!record || !mayWatch(c, record)) throw videoNotFound(id);
  const after = parseAfter(c);
  c.header('content-type', 'text/event-stream');
  if (c.req.method === 'HEAD') return c.body(null);

  const reader = c.get('watched_video_id') === undefined ? c.get('api_key').id : `token ${c.req.query('token')}`;
  const query = new URLSearchParams({ after: String(after), reader });
  const { status, webSocket } = await video.fetch(`http://video/events?${query}`, { headers: { upgrade: 'websocket' } });
  switch (status) {
    case 101:
      if (!webSocket) throw new Error('the object of a video upgraded without a socket');
      return c.body(eventStream(webSocket, id));
    case 204:
      // The specification's word for "do not connect again".
      c.res.headers.delete('content-type');
      return c.body(null, 204);
    case 400:
      throw new EverframeError('invalid_value', `'after' must be the id of an event of this video; got ${after}.`, { param: 'after' });
    case 404:
      throw videoNotFound(id);
    case 429:
      throw new EverframeError(
        'too_many_readers',
        `The events of one video can be read ${EVENT_READERS_MAX.reader} times at once with one key or address, ${EVENT_READERS_MAX.video} times in all. Close a stream first.`,
      );
    default:
      throw new Error(`the object of a video answered ${status}`);
  }
}

/** A client that comes again sends the header, whatever its first address said. */
function parseAfter(c: Context<AppEnv>): number {
  const text = c.req.header('last-event-id') || c.req.query('after') || '0';
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new EverframeError('invalid_value', `'after' must be the id of an event, a whole number; got '${text.slice(0, 60)}'.`, {
    param: 'after',
  });
}
