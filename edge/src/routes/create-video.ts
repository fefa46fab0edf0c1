/** POST /v1/videos: raw body, validated command, its prompts judged, record, answer. The record's outbox rings the queue after the answer. */
import { CREATE_WITH_PICTURE_MAX_BYTES } from '@everframe/shared';
import type { Context } from 'hono';
import { PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { makeVideo } from './make-video.ts';
import { readCreateRequest } from './read-create-request.ts';
import { standIn } from './stand-in.ts';

export async function createVideo(c: Context<AppEnv>): Promise<Response> {
  const { request, warnings } = standIn(
    await readCreateRequest(c.req.raw, CREATE_WITH_PICTURE_MAX_BYTES),
    PACKAGES,
    c.get('settings').standIn,
  );
  return makeVideo(c, request, { warnings });
}
