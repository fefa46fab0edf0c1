/** R2 reads for clients: ranges and conditional requests on an object whose size and checksum the record knows. */
import { type Asset, EverframeError } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { selectBytes } from '../http/conditions.ts';

export interface Presentation {
  readonly content_type: string;
  readonly file_name: string;
  /** Whether this address has other bytes one day, as a file that is time-stamped later. @default false */
  readonly may_change?: boolean;
}

/** The ETag is the SHA-256: keys are never written twice, so it is strong. */
export async function serveAsset(
  c: Context<AppEnv>,
  asset: Asset,
  { content_type, file_name, may_change = false }: Presentation,
): Promise<Response> {
  const { bytes } = asset;
  const etag = `"${asset.sha256}"`;
  const selection = selectBytes(c.req.raw.headers, etag, bytes);
  c.header('etag', etag);
  c.header('accept-ranges', 'bytes');
  switch (selection.status) {
    case 412:
      throw new EverframeError('precondition_failed', `The ETag of this content is ${etag}: it matches none of 'if-match'.`);
    case 416:
      c.header('content-range', `bytes */${bytes}`);
      throw new EverframeError('range_not_satisfiable', `The content has ${bytes} bytes; the range begins behind its end.`);
  }
  c.header('cache-control', may_change ? 'private, no-cache' : 'private, max-age=86400, immutable');
  if (selection.status === 304) return c.body(null, 304);

  const { offset, length } = selection.status === 206 ? selection : { offset: 0, length: bytes };
  if (selection.status === 206) c.header('content-range', `bytes ${offset}-${offset + length - 1}/${bytes}`);
  c.header('content-type', content_type);
  c.header('content-length', String(length));
  c.header('content-disposition', `inline; filename="${file_name}"`);
  if (c.req.method === 'HEAD') return c.body(null, selection.status);

  const object = await c.env.MEDIA.get(asset.key, { range: { offset, length } });
  if (!object) throw new Error(`${asset.key} is recorded but not stored`);
  return c.body(object.body, selection.status);
}
