/** The operator's routes: all show the deployment's ADMIN_TOKEN. A deployment without one has no such routes. */
import { EverframeError } from '@everframe/shared';
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../env.ts';
import { equalSecrets, readCredential } from '../http/credential.ts';
import { unknownRoute } from './answer-error.ts';

export function authenticateAdmin(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { adminToken } = c.get('settings');
    if (adminToken === null) return unknownRoute(c);
    const token = readCredential(c.req.header('authorization'), 'Bearer');
    if (!token || !(await equalSecrets(token, adminToken))) {
      throw new EverframeError('invalid_admin_token', 'Send the ADMIN_TOKEN of this deployment as `Authorization: Bearer <token>`.');
    }
    return next();
  };
}
