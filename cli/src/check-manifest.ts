/** The C2PA reader at a terminal: what it cannot do is said of this machine, never of the file. Files of any size, by path. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Reader } from '@contentauth/c2pa-node';
import {
  type CheckedMediaType,
  readerSettings,
  readStreamedFile,
  reportWithoutManifest,
  type Sha256,
  type StreamedFile,
  type TrustRoots,
  toVerificationReport,
  type VerificationReport,
  withBinding,
} from '@everframe/shared/verification';
import { Failure } from './failure.ts';

const READER = 'c2pa-node 0.8.0 (c2pa-rs 0.90.1)';

/**
 * Above this an MP4 is hashed in one pass: the library would hold nearly all of a file that is bound by one hash. What can't be checked so
 * goes to the library all the same.
 */
const STREAMED_FROM_BYTES = 64 * 1024 * 1024;
const PIECE_BYTES = 1024 * 1024;

/** @throws Failure where the file could not be checked at all, which says nothing of it */
export async function checkManifest(path: string, media_type: CheckedMediaType, trust: TrustRoots): Promise<VerificationReport> {
  let reader: Reader | null;
  const streamed = await streamLarge(path, media_type);
  const bound = streamed?.binding === 'match' || streamed?.binding === 'mismatch' ? streamed : undefined;
  try {
    const asset = bound ? { buffer: Buffer.from(bound.head), mimeType: media_type } : { path, mimeType: media_type };
    reader = await Reader.fromAsset(asset, readerSettings(trust));
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    // An error with a code is Node's own: no library for this platform, no right to read.
    if (error instanceof Error && 'code' in error) {
      throw new Failure(`${path} could not be checked, so nothing is known of it: ${reason}.`, { cause: error });
    }
    return reportWithoutManifest('unreadable', READER, reason);
  }
  if (!reader) return reportWithoutManifest('no_credential', READER);
  // Pictures are of no use at a terminal.
  const json: unknown = reader.json();
  return toVerificationReport(bound ? withBinding(json, bound) : json, READER, () => undefined);
}

async function streamLarge(path: string, media_type: CheckedMediaType): Promise<StreamedFile | undefined> {
  if (media_type !== 'video/mp4' || (await stat(path)).size <= STREAMED_FROM_BYTES) return undefined;
  return readStreamedFile(createReadStream(path, { highWaterMark: PIECE_BYTES }), createSha256);
}

function createSha256(): Sha256 {
  const hash = createHash('sha256');
  return { update: (bytes) => hash.update(bytes), digest: async () => new Uint8Array(hash.digest()) };
}
