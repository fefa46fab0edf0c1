/** Names every request: the caller's own `x-request-id` where it is sane, else a new one. Every answer carries it. */
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../env.ts';

const SANE = /^[\w.-]{1,128}$/;

export function requestId(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const given = c.req.header('x-request-id');
    const id = given && SANE.test(given) ? given : `req_${crypto.randomUUID().replaceAll('-', '')}`;
    c.set('request_id', id);
    await next();
    c.header('x-request-id', id);
  };
}
