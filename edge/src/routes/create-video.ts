/** POST /v1/videos: raw body, validated command, record, answer. The record's outbox rings the queue after the answer. */
import { toGenerationCommand } from '@everframe/shared';
import type { Context } from 'hono';
import { PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { newVideoId } from '../videos/video-id.ts';
import { readCreateRequest } from './read-create-request.ts';
import { toVideoView } from './video-view.ts';

export async function createVideo(c: Context<AppEnv>): Promise<Response> {
  const request = await readCreateRequest(c.req.raw);
  const command = toGenerationCommand(request, PACKAGES, randomSeed());
  const id = newVideoId();
  const video = await c.env.VIDEO.getByName(id).create({ id, account_id: c.get('account_id'), command, created_at_ms: Date.now() });
  return c.json(toVideoView(video));
}

function randomSeed(): number {
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  return seed ?? 0;
}
