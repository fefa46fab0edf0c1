/** POST /v1/videos: raw body, validated command, record, answer. The record's outbox rings the queue after the answer. */
import { type GenerationCommand, toGenerationCommand, type VideoRecord } from '@everframe/shared';
import type { Context } from 'hono';
import { PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { createOnce } from '../idempotency/create-once.ts';
import { readCreateRequest } from './read-create-request.ts';
import { toVideoView } from './video-view.ts';

export async function createVideo(c: Context<AppEnv>): Promise<Response> {
  const request = await readCreateRequest(c.req.raw);
  const command = toGenerationCommand(request, PACKAGES, randomSeed());
  const video = await createOnce(c, request, (id) => recordVideo(c, id, command));
  return c.json(toVideoView(video));
}

/** Safe to repeat with the same id: what is recorded first stays. */
async function recordVideo(c: Context<AppEnv>, id: string, command: GenerationCommand): Promise<VideoRecord> {
  return await c.env.VIDEO.getByName(id).create({ id, account_id: c.get('account_id'), command, created_at_ms: Date.now() });
}

function randomSeed(): number {
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  return seed ?? 0;
}
