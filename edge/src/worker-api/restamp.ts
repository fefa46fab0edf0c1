/**
 * POST /internal/v1/videos/{id}/restamp: a worker takes the files of a published video that lacks a time-stamp.
 * POST /internal/v1/videos/{id}/restamped: it brings them back stamped, or says that it can't be done.
 */
import { type RestampAnswer, RestampedRequest, RestampRequest } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { readCall } from '../http/read-call.ts';
import { requirePublication } from '../publications/require-publication.ts';
import { fromOutcome } from '../videos/outcome.ts';
import { signTicket } from './ticket.ts';

export async function restampVideo(c: Context<AppEnv>): Promise<Response> {
  const { id, video } = videoObject(c);
  const { worker_id } = await readCall(c.req.raw, RestampRequest);
  const { ends_at_ms, ...claimed } = fromOutcome(await video.claimRestamp(worker_id));
  const ticket = await signTicket(c.get('settings').ticketSecret, { video_id: id, epoch: claimed.epoch, expires_at_ms: ends_at_ms });
  return c.json({ ...claimed, ticket } satisfies RestampAnswer);
}

export async function videoRestamped(c: Context<AppEnv>): Promise<Response> {
  const { id, video } = videoObject(c);
  const request = await readCall(c.req.raw, RestampedRequest);
  if (request.outcome === 'stamped') requirePublication(request.publication, id, request.video);
  const { status } = fromOutcome(await video.restamped(request));
  return c.json({ status });
}
