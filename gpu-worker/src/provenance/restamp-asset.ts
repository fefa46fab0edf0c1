/**
 * Puts a time-stamp into a file that was signed without one: the token goes into the room that the signature kept, and
 * no other byte changes. Neither the key nor the picture is needed, because a time-stamp countersigns the signature.
 */
import { open } from 'node:fs/promises';
import type { SignedMimeType } from './assertions.ts';
import { bytesToTimeStamp, decodeCoseSign1, encodeCoseSign1, smallestSize } from './cose-sign1.ts';
import { readManifest } from './read-manifest.ts';
import { openManifest } from './stored-manifest.ts';
import { timeStampInTurn } from './time-stamp.ts';
import { UntrustedError } from './untrusted-error.ts';

export interface RestampOptions {
  /** Changed in place; it must not be read while this runs. */
  readonly path: string;
  readonly mime_type: SignedMimeType;
  readonly time_stamp_urls: readonly string[];
  readonly trust_anchors_pem: string;
}

export type RestampOutcome =
  | { readonly kind: 'stamped' | 'stamped_before' }
  /** Signed while time-stamps were off. */
  | { readonly kind: 'no_room' }
  | { readonly kind: 'no_authority'; readonly faults: readonly string[] };

/** @throws Error when the file is not one that we signed; it is then as it was */
export async function restampAsset({ path, mime_type, time_stamp_urls, trust_anchors_pem }: RestampOptions): Promise<RestampOutcome> {
  const file = await open(path, 'r+');
  try {
    const manifest = await openManifest(file, mime_type);
    const { offset, bytes } = findSignature(manifest.bytes);
    const cose = decodeCoseSign1(bytes);
    if (cose.time_stamp_token) return { kind: 'stamped_before' };
    const { time_stamp, faults } = await timeStampInTurn(time_stamp_urls, bytesToTimeStamp(cose));
    if (!time_stamp) return { kind: 'no_authority', faults };
    const stamped = { ...cose, time_stamp_token: time_stamp.token };
    if (smallestSize(stamped) > bytes.length) return { kind: 'no_room' };
    await manifest.write(encodeCoseSign1(stamped, bytes.length), offset);
    const { state, failures, time_stamp: found } = await readManifest(path, mime_type, trust_anchors_pem);
    if (state === 'trusted' && found) return { kind: 'stamped' };
    await manifest.write(bytes, offset);
    throw new UntrustedError(`time-stamped, ${path} is ${state} (${failures.join(', ') || 'no failure named'}); it is left as it was`);
  } finally {
    await file.close();
  }
}

/** Manifests of ingredients come first, ours last; the box after its description holds the signature. */
function findSignature(manifest: Buffer): { offset: number; bytes: Uint8Array } {
  const label = manifest.lastIndexOf(SIGNATURE_LABEL);
  const box = label + SIGNATURE_LABEL.length;
  if (label === -1 || manifest.toString('latin1', box + 4, box + 8) !== 'cbor') throw new Error('the file holds no C2PA signature');
  const end = box + manifest.readUInt32BE(box);
  if (end > manifest.length) throw new Error('the signature is cut off');
  return { offset: box + 8, bytes: manifest.subarray(box + 8, end) };
}

const SIGNATURE_LABEL = Buffer.from('c2pa.signature\0');
