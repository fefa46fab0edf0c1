/**
 * Objects of one video, one behind the other, as one object of another: R2 joins none itself, so bytes go through, some
 * objects at a time. Each is checked against its digest. Safe to repeat.
 */
import type { Asset } from '@everframe/shared';
import { sha256Of } from './require-assets.ts';

/** Workers hold six connections at a time; one writes. */
const AT_ONCE = 5;

/** @returns null where one of them is gone, or is not what it was */
export async function joinAssets(bucket: R2Bucket, parts: readonly Asset[], key: string): Promise<Asset | null> {
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const { readable, writable } = new FixedLengthStream(bytes);
  const [stored, digested] = readable.tee();
  const digest = new crypto.DigestStream('SHA-256');
  const writing = Promise.all([
    bucket.put(key, stored, { httpMetadata: { contentType: 'application/octet-stream' } }),
    digested.pipeTo(digest),
    digest.digest,
  ]);
  // Heard of below, once nothing more can be written.
  writing.catch(() => undefined);
  const writer = writable.getWriter();
  try {
    for (let first = 0; first < parts.length; first += AT_ONCE) {
      const read = await Promise.all(parts.slice(first, first + AT_ONCE).map((part) => readPart(bucket, part)));
      for (const part of read) await writer.write(part);
    }
    await writer.close();
    const [, , sha256] = await writing;
    return { key, sha256: toHex(sha256), bytes };
  } catch (error) {
    await writer.abort(error).catch(() => undefined);
    await writing.catch(() => undefined);
    if (error instanceof PartGone) return null;
    throw error;
  }
}

class PartGone extends Error {}

async function readPart(bucket: R2Bucket, { key, sha256, bytes }: Asset): Promise<ArrayBuffer> {
  const object = await bucket.get(key);
  if (!object || object.size !== bytes || sha256Of(object) !== sha256) throw new PartGone(key);
  return object.arrayBuffer();
}

function toHex(digest: ArrayBuffer): string {
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
