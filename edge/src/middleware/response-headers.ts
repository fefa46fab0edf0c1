/**
 * What every answer carries: nothing here is a page, a frame or for a shared cache, unless a route says otherwise.
 * The public API may be called from any page, since it takes no cookie: whoever holds a key may use it.
 */
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { AppEnv } from '../env.ts';

const DEFAULTS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'cache-control': 'private, no-store',
};

/** What a page's script may read beside the body. */
const EXPOSED = [
  ...['x-request-id', 'retry-after', 'retry-after-ms', 'x-should-retry', 'openai-poll-after-ms', 'idempotency-replayed'],
  ...['x-ratelimit-limit-requests', 'x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests', 'ratelimit', 'ratelimit-policy'],
  ...['etag', 'accept-ranges', 'content-range', 'content-length', 'content-disposition'],
];
const PREFLIGHT_SECONDS = 7200;

export function securityHeaders(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(DEFAULTS)) if (!c.res.headers.has(name)) c.header(name, value);
  };
}

/** Preflight requests carry no key, so they are answered here. */
export function anyOrigin(): MiddlewareHandler<AppEnv> {
  return cors({
    origin: '*',
    allowMethods: ['GET', 'HEAD', 'POST', 'DELETE'],
    exposeHeaders: EXPOSED,
    maxAge: PREFLIGHT_SECONDS,
  });
}
