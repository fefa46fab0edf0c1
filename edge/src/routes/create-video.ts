/** POST /v1/videos: raw body, validated command, record, answer. The record's outbox rings the queue after the answer. */
import { type GenerationCommand, priceOf, toGenerationCommand, type VideoRecord } from '@everframe/shared';
import type { Context } from 'hono';
import { reserveCredits } from '../accounts/reserve-credits.ts';
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

/** Paid for, then recorded. Safe to repeat with the same id: what is reserved and recorded first stays. */
async function recordVideo(c: Context<AppEnv>, id: string, command: GenerationCommand): Promise<VideoRecord> {
  const created_at_ms = Date.now();
  const price = priceOf(command, PACKAGES);
  const turn = await reserveCredits(c, id, command, price);
  const { account_id, request_id } = c.var;
  return await c.env.VIDEO.getByName(id).create({ id, account_id, command, created_at_ms, price, request_id, held: turn === 'waiting' });
}

function randomSeed(): number {
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  return seed ?? 0;
}
