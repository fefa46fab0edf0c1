/**
 * Puts a time-stamp into a file that was signed without one: the token goes into the room that the signature kept, and
 * no other byte changes. Neither the key nor the picture is needed, because a time-stamp countersigns the signature.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { SignedMimeType } from './assertions.ts';
import { bytesToTimeStamp, decodeCoseSign1, encodeCoseSign1, smallestSize } from './cose-sign1.ts';
import { readManifest } from './read-manifest.ts';
import { timeStampInTurn } from './time-stamp.ts';
import { topLevelBoxes } from './top-level-boxes.ts';
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
    const { offset, bytes } = await findSignature(file, mime_type);
    const cose = decodeCoseSign1(bytes);
    if (cose.time_stamp_token) return { kind: 'stamped_before' };
    const { time_stamp, faults } = await timeStampInTurn(time_stamp_urls, bytesToTimeStamp(cose));
    if (!time_stamp) return { kind: 'no_authority', faults };
    const stamped = { ...cose, time_stamp_token: time_stamp.token };
    if (smallestSize(stamped) > bytes.length) return { kind: 'no_room' };
    await file.write(encodeCoseSign1(stamped, bytes.length), 0, bytes.length, offset);
    const { state, failures, time_stamp: found } = await readManifest(path, mime_type, trust_anchors_pem);
    if (state === 'trusted' && found) return { kind: 'stamped' };
    await file.write(bytes, 0, bytes.length, offset);
    throw new UntrustedError(`time-stamped, ${path} is ${state} (${failures.join(', ') || 'no failure named'}); it is left as it was`);
  } finally {
    await file.close();
  }
}

async function findSignature(file: FileHandle, mime_type: SignedMimeType): Promise<{ offset: number; bytes: Uint8Array }> {
  const manifest = mime_type === 'video/mp4' ? await findManifestBox(file) : { start: 0, end: (await file.stat()).size };
  if (manifest.end - manifest.start > MANIFEST_MAX_BYTES)
    throw new Error(`a manifest of more than ${MANIFEST_MAX_BYTES} bytes is not ours`);
  const bytes = await readRange(file, manifest.start, manifest.end);
  // Manifests of ingredients come first, ours last; the box after its description holds the signature.
  const label = bytes.lastIndexOf(SIGNATURE_LABEL);
  const box = label + SIGNATURE_LABEL.length;
  if (label === -1 || bytes.toString('latin1', box + 4, box + 8) !== 'cbor') throw new Error('the file holds no C2PA signature');
  const end = box + bytes.readUInt32BE(box);
  if (end > bytes.length) throw new Error('the signature is cut off');
  return { offset: manifest.start + box + 8, bytes: bytes.subarray(box + 8, end) };
}

/** Of an MP4: the top-level `uuid` box with C2PA's identifier. */
async function findManifestBox(file: FileHandle): Promise<{ start: number; end: number }> {
  for await (const { type, start, end } of topLevelBoxes(file)) {
    if (type === 'uuid' && end - start > 24 && (await readRange(file, start + 8, start + 24)).equals(C2PA_UUID)) return { start, end };
  }
  throw new Error('the file holds no C2PA manifest');
}

async function readRange(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
  if (bytesRead !== end - start) throw new Error(`the file ends before ${end}`);
  return buffer;
}

const C2PA_UUID = Buffer.from('d8fec3d61b0e483c92975828877ec481', 'hex');
const SIGNATURE_LABEL = Buffer.from('c2pa.signature\0');
const MANIFEST_MAX_BYTES = 32 * 1024 * 1024;
