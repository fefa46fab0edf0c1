/** GET /openapi.json: the API, for machines. */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { openApiDocument } from '../openapi/document.ts';

export function getDocument(c: Context<AppEnv>): Response {
  c.header('cache-control', 'public, max-age=300');
  return c.json(openApiDocument());
}
