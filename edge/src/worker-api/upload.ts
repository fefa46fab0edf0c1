/**
 * PUT /internal/v1/assets/{key}: a worker's object into R2, streamed, written once, checked against its SHA-256.
 * The same bytes again are welcome; other bytes under a key that exists are refused.
 */
import { ASSET_MAX_BYTES, type Asset, EverframeError } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { sha256Of } from '../storage/require-assets.ts';
import { requireTicket } from './require-ticket.ts';

export async function uploadAsset(c: Context<AppEnv>): Promise<Response> {
  const key = await requireTicket(c, 'write');
  const bytes = parseLength(c.req.header('content-length'));
  const sha256 = parseSha256(c.req.header('x-content-sha256'));
  const asset: Asset = { key, sha256, bytes };

  const stored = await putOnce(c.env.MEDIA, asset, c.req.raw);
  if (stored) return c.json(asset, 201);

  const existing = await c.env.MEDIA.head(key);
  if (existing?.size === bytes && sha256Of(existing) === sha256) return c.json(asset, 200);
  throw new EverframeError('asset_exists', `'${key}' was already written with other content. A key is written once.`);
}

/** @returns null where the key exists */
async function putOnce(bucket: R2Bucket, { key, sha256 }: Asset, request: Request): Promise<R2Object | null> {
  try {
    return await bucket.put(key, request.body, {
      sha256,
      onlyIf: { etagDoesNotMatch: '*' },
      httpMetadata: { contentType: request.headers.get('content-type') ?? 'application/octet-stream' },
    });
  } catch (cause) {
    // R2's BadDigest, 10037: "The SHA-256 checksum you specified did not match what we received."
    if (!/10037|checksum/i.test(String(cause))) throw cause;
    throw new EverframeError('asset_corrupt', "The body's SHA-256 is not the one in 'x-content-sha256'. Send it again.", { cause });
  }
}

function parseLength(header: string | undefined): number {
  if (header === undefined) throw new EverframeError('length_required', "Send 'content-length': objects of unknown length are refused.");
  const bytes = Number(header);
  if (bytes > ASSET_MAX_BYTES) {
    throw new EverframeError('body_too_large', `An object may have at most ${ASSET_MAX_BYTES} bytes; got ${bytes}.`);
  }
  if (!(bytes > 0)) throw new EverframeError('invalid_value', 'An object must have at least 1 byte.', { param: 'content-length' });
  return bytes;
}

function parseSha256(header: string | undefined): string {
  if (header && /^[0-9a-f]{64}$/.test(header)) return header;
  throw new EverframeError('invalid_value', "'x-content-sha256' must be the body's SHA-256 in 64 lower-case hex digits.", {
    param: 'x-content-sha256',
  });
}
