/** GET /v1/c2pa/services/supportedAlgorithms: by what a manifest can be looked up here. */
import { FINGERPRINT_ALG, MARK_ALG } from '@everframe/shared/mark';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';

export function listAlgorithms(c: Context<AppEnv>): Response {
  c.header('cache-control', 'public, max-age=3600');
  return c.json({ watermarks: [{ alg: MARK_ALG }], fingerprints: [{ alg: FINGERPRINT_ALG }] });
}
