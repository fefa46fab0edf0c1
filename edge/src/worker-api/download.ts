/** GET and HEAD /internal/v1/assets/{key}: a video's own objects back to its worker: checkpoint and segments on resume. */
import { EverframeError } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { sha256Of } from '../storage/require-assets.ts';
import { requireTicket } from './require-ticket.ts';

export async function downloadAsset(c: Context<AppEnv>): Promise<Response> {
  const key = await requireTicket(c, 'read');
  if (c.req.method === 'HEAD') {
    describeObject(c, key, await c.env.MEDIA.head(key));
    return c.body(null);
  }
  const object = await c.env.MEDIA.get(key);
  describeObject(c, key, object);
  return c.body(object.body);
}

function describeObject(c: Context<AppEnv>, key: string, object: R2Object | null): asserts object is R2Object {
  if (!object) throw new EverframeError('asset_not_found', `There is no '${key}'.`);
  c.header('content-type', object.httpMetadata?.contentType ?? 'application/octet-stream');
  c.header('content-length', String(object.size));
  c.header('x-content-sha256', sha256Of(object) ?? '');
}
