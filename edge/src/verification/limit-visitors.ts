/**
 * Routes that need no key: with one, its own bounds hold; without, a bound for each client address. An IPv6 client counts
 * by its /64, which is what one household or host is given.
 */
import { VISITOR_CHECKS_PER_MINUTE } from '@everframe/shared';
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../env.ts';
import { authenticate } from '../middleware/authenticate.ts';
import { countVisitor } from '../middleware/count-request.ts';

export function limitVisitors(): MiddlewareHandler<AppEnv> {
  const withKey = authenticate();
  return async (c, next) => {
    if (c.req.header('authorization')) return withKey(c, next);
    await countVisitor(c, await visitorOf(c.req.header('cf-connecting-ip')), VISITOR_CHECKS_PER_MINUTE);
    await next();
  };
}

/** A hash, so that no address is kept. Cloudflare sets the header itself; where there is none, all visitors are one. */
async function visitorOf(address = ''): Promise<string> {
  const network = address.includes(':') ? address.split('::')[0]?.split(':').slice(0, 4).join(':') : address;
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(network));
  return [...new Uint8Array(digest).subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
