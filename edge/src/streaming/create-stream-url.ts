/** POST /v1/videos/{id}/stream_url: an address of the stream for players and people without a key. It cannot be taken back before its end. */
import { CreateStreamUrl, JSON_BODY_MAX_BYTES } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { publicOrigin } from '../http/public-origin.ts';
import { readOptionalCall } from '../http/read-call.ts';
import type { StreamUrl } from '../openapi/streaming-operations.ts';
import { findVideo } from '../routes/find-video.ts';
import { signStreamToken } from './stream-token.ts';

export async function createStreamUrl(c: Context<AppEnv>): Promise<Response> {
  const { id } = await findVideo(c);
  const { expires_in_seconds } = await readOptionalCall(c.req.raw, CreateStreamUrl, JSON_BODY_MAX_BYTES);
  const expires_at = Math.floor(Date.now() / 1000) + expires_in_seconds;
  const token = await signStreamToken(c.get('settings').keyPepper, id, expires_at);
  const url = new URL(`/v1/videos/${id}/stream.m3u8?token=${token}`, publicOrigin(c)).href;
  return c.json({ object: 'video.stream_url', url, expires_at } satisfies StreamUrl);
}
