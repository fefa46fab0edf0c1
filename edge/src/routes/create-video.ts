/** POST /v1/videos: raw body, validated command, its prompts judged, record, answer. The record's outbox rings the queue after the answer. */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { makeVideo } from './make-video.ts';
import { readCreateRequest } from './read-create-request.ts';

export async function createVideo(c: Context<AppEnv>): Promise<Response> {
  return makeVideo(c, await readCreateRequest(c.req.raw));
}
