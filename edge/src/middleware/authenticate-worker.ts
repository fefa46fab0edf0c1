/** Only workers speak to `/internal/v1/videos`: all show the deployment's WORKER_TOKEN. */
import { EverframeError } from '@everframe/shared';
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../env.ts';
import { equalSecrets, readCredential } from '../http/credential.ts';

export function authenticateWorker(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const token = readCredential(c.req.header('authorization'), 'Bearer');
    if (!token || !(await equalSecrets(token, c.get('settings').workerToken))) {
      throw new EverframeError('invalid_worker_token', 'Send the WORKER_TOKEN of this deployment as `Authorization: Bearer <token>`.');
    }
    await next();
  };
}
