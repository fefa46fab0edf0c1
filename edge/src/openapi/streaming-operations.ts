/** The OpenAPI operations that show a video while it is made. */

import { CreateStreamUrl, STREAM_REQUESTS_PER_MINUTE } from '@everframe/shared';
import { z } from 'zod';
import type { Operation } from './operation.ts';

export const StreamUrl = z.object({
  object: z.literal('video.stream_url'),
  url: z.url(),
  expires_at: z.int().meta({ description: 'Unix seconds.' }),
});
export type StreamUrl = z.infer<typeof StreamUrl>;

const ID = `video_${'4f6c'.repeat(8)}`;
const read = { tag: 'Videos', auth: 'key', scope: 'videos.read' } as const;
const VIDEO = { schema: { type: 'string' }, description: "The video's id.", refusal: 'video_not_found' } as const;
const TOKEN = { token: { schema: { type: 'string' }, description: 'Of a stream URL, in place of a key.' } } as const;
const FILE_HEADERS = ['etag', 'accept-ranges', 'content-disposition', 'content-length'] as const;

export const STREAMING_OPERATIONS: readonly Operation[] = [
  {
    ...{ method: 'post', path: '/v1/videos/{id}/stream_url', id: 'createStreamUrl', ...read, names: { id: VIDEO } },
    summary: 'Get an address to watch a video',
    description: `For players, which send no key: whoever has it can watch this video and hear its events until it expires, and do nothing else. With one address ${STREAM_REQUESTS_PER_MINUTE} requests a minute are answered for a client address. The body may be left out.`,
    body: { schema: CreateStreamUrl, example: { expires_in_seconds: 3600 } },
    answers: [
      {
        ...{ status: 200, description: 'The address of its playlist.', schema: StreamUrl },
        example: {
          ...{ object: 'video.stream_url', expires_at: 1795366800 },
          url: `http://127.0.0.1:8787/v1/videos/${ID}/stream.m3u8?token=1795366800.${'9e'.repeat(16)}`,
        },
      },
    ],
    errors: ['invalid_value'],
  },
  {
    ...{ method: 'get', path: '/v1/videos/{id}/events', id: 'watchEvents', ...read, names: { id: VIDEO } },
    summary: 'Hear what happens to a video',
    description:
      'Server-sent events: all that has happened, then what happens, until the video has ended. `data` has the shape of a webhook body. With a key, or with the `token` of a stream URL. Whoever comes again with the last id gets all that it missed and nothing twice, or 204 where nothing is left to tell.',
    query: {
      ...TOKEN,
      after: { schema: { type: 'integer', minimum: 0, default: 0 }, description: 'As `Last-Event-ID`, which goes before it.' },
    },
    request_headers: ['last_event_id'],
    answers: [
      { status: 200, description: 'The events.', media: ['text/event-stream'] },
      { status: 204, description: 'The video has ended, and the client has seen its last event.' },
    ],
    errors: ['invalid_stream_token', 'invalid_value', 'too_many_readers'],
  },
  {
    ...{ method: 'get', path: '/v1/videos/{id}/stream.m3u8', id: 'getStream', ...read, names: { id: VIDEO }, query: TOKEN },
    summary: 'Watch a video while it is made',
    description:
      'An HLS playlist of its segments so far; held back until there is one, for 6 seconds, and then empty; it ends with the video. A video of very many segments lists its last ones. With a key, or with the `token` of a stream URL, which the addresses in it then carry too.',
    answers: [{ status: 200, description: 'The playlist.', media: ['application/vnd.apple.mpegurl'] }],
    errors: ['invalid_stream_token', 'video_failed'],
  },
  {
    ...{ method: 'get', path: '/v1/videos/{id}/segments/{name}', id: 'getSegment', ...read, query: TOKEN },
    summary: 'A segment of a video',
    description: 'As the playlist names it: CMAF, H.264. It never changes. `HEAD` answers its headers.',
    names: { id: VIDEO, name: { schema: { type: 'string' }, description: "The segment's name.", refusal: 'segment_not_found' } },
    request_headers: ['range', 'if_match', 'if_none_match'],
    answers: [
      { status: 200, description: 'The whole.', media: ['video/mp4'], headers: FILE_HEADERS },
      { status: 206, description: 'The range.', media: ['video/mp4'], headers: [...FILE_HEADERS, 'content-range'] },
      { status: 304, description: 'As the client has it.', headers: ['etag', 'accept-ranges'] },
    ],
    errors: ['invalid_stream_token', 'precondition_failed', 'range_not_satisfiable'],
  },
];
