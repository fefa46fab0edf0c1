/**
 * Refuses a method that a path does not have, naming those that it has: as the app's routes declare them, HEAD with GET.
 * Where several declared paths fit, the first one counts, as it does for the handlers.
 */
import { EverframeError } from '@everframe/shared';
import type { Hono, MiddlewareHandler } from 'hono';
import { TrieRouter } from 'hono/router/trie-router';
import type { AppEnv } from '../env.ts';

/** As an answer lists them. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];

/** Used before the routes are declared: they are read with the first request. */
export function allowMethods(app: Hono<AppEnv>): MiddlewareHandler<AppEnv> {
  let paths: TrieRouter<ReadonlySet<string>> | undefined;
  return async (c, next) => {
    paths ??= methodsByPath(app);
    const methods = paths.match('ALL', c.req.path)[0][0]?.[0];
    if (methods && !methods.has(c.req.method)) {
      const allow = METHODS.filter((method) => methods.has(method)).join(', ');
      c.header('allow', allow);
      throw new EverframeError('method_not_allowed', `${c.req.path} does not take ${c.req.method}. Allowed: ${allow}.`);
    }
    return next();
  };
}

function methodsByPath({ routes }: Hono<AppEnv>): TrieRouter<ReadonlySet<string>> {
  const methods = new Map<string, Set<string>>();
  for (const { method, path } of routes) {
    if (method === 'ALL') continue;
    const known = methods.get(path) ?? new Set();
    methods.set(path, known.add(method));
    if (method === 'GET') known.add('HEAD');
  }
  const router = new TrieRouter<ReadonlySet<string>>();
  for (const [path, known] of methods) router.add('ALL', path, known);
  return router;
}
