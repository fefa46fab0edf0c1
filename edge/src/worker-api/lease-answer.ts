/** The part of an answer that renews a lease: how long it lives, the ticket that lives as long, and what the worker is asked to do. */
import type { LeaseAnswer } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import type { Lease } from '../videos/worker-answers.ts';
import { signTicket } from './ticket.ts';

export async function leaseAnswer(
  c: Context<AppEnv>,
  video_id: string,
  { epoch, lease_ends_at_ms, directives }: Lease,
): Promise<LeaseAnswer> {
  const { leaseSeconds, ticketSecret } = c.get('settings');
  return {
    lease_seconds: leaseSeconds,
    ticket: await signTicket(ticketSecret, { video_id, epoch, expires_at_ms: Math.ceil(lease_ends_at_ms) }),
    ...(directives.length > 0 && { directives: [...directives] }),
  };
}
