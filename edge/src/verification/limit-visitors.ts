/** Routes that need no key: with one, its own bounds hold; without, a bound for each client address. */
import { VISITOR_CHECKS_PER_MINUTE } from '@everframe/shared';
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../env.ts';
import { visitorOf } from '../http/visitor.ts';
import { authenticate } from '../middleware/authenticate.ts';
import { countVisitor } from '../middleware/count-request.ts';

export function limitVisitors(): MiddlewareHandler<AppEnv> {
  const withKey = authenticate();
  return async (c, next) => {
    if (c.req.header('authorization')) return withKey(c, next);
    await countVisitor(c, await visitorOf(c), VISITOR_CHECKS_PER_MINUTE, (wait, limit) => {
      return `Without a key, ${limit} files a minute are checked. Send the next in ${wait}, or send a key.`;
    });
    await next();
  };
}
