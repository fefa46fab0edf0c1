/** GET /v1/verify/trust: the roots by which this service judges, for those who check files themselves, like the page /verify. */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { trustRoots } from './trust-roots.ts';

export async function getTrust(c: Context<AppEnv>): Promise<Response> {
  c.header('cache-control', 'public, max-age=60');
  return c.json({ object: 'trust_roots', ...(await trustRoots(c.env, c.get('settings').allowDevelopmentRoot)) });
}
