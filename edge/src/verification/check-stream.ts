/**
 * An MP4 that is too large to be held: its manifest goes to the reader, the rest is hashed as it comes. Everything that common signers
 * write can be checked so; what can't is refused, and checked where it lies.
 */
import { EverframeError, VERIFY_MAX_BYTES } from '@everframe/shared';
import {
  mediaTypeOf,
  readStreamedFile,
  reportWithoutManifest,
  type Sha256,
  type TrustRoots,
  type VerificationReport,
} from '@everframe/shared/verification';
import { READER, readCredential } from './c2pa-reader.ts';

export interface CheckedStream {
  readonly report: VerificationReport;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** @throws EverframeError for a file that takes all of it at once */
export async function checkStream(parts: AsyncIterable<Uint8Array>, trust: TrustRoots): Promise<CheckedStream> {
  const streamed = await readStreamedFile(onlyMp4(parts), createSha256);
  const { bytes, sha256, head, binding } = streamed;
  if (binding === 'unsupported' || sha256 === undefined) throw notInOnePass();
  const report =
    binding === 'none' ? reportWithoutManifest('no_credential', READER) : await readCredential(head, 'video/mp4', trust, streamed);
  return { report, bytes, sha256 };
}

async function* onlyMp4(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let is_first = true;
  for await (const part of parts) {
    if (is_first && mediaTypeOf(part) !== 'video/mp4') throw notInOnePass();
    is_first = false;
    yield part;
  }
}

function createSha256(): Sha256 {
  const stream = new crypto.DigestStream('SHA-256');
  const writer = stream.getWriter();
  return {
    update: (bytes) => writer.write(bytes),
    async digest() {
      await writer.close();
      return new Uint8Array(await stream.digest);
    },
  };
}

function notInOnePass(): EverframeError {
  return new EverframeError(
    'body_too_large',
    `A file of more than ${VERIFY_MAX_BYTES} bytes is checked here only if it is an MP4 whose manifest comes first and binds it as usual. The page /verify and \`everframe verify\` check others on your own machine.`,
  );
}
