/** The C2PA reader, in a worker of its own: reading a large file blocks its thread, and Blobs are read in parts only here. */
import init, { WasmReader } from '@contentauth/c2pa-wasm';
import type { VerificationReport } from '@everframe/shared/verification';
import {
  MEDIA_TYPE_BYTES,
  mediaTypeOf,
  readerSettings,
  readStreamedFile,
  reportWithoutManifest,
  requireFewBoxes,
  type StreamedFile,
  type TrustRoots,
  toVerificationReport,
  withBinding,
} from '@everframe/shared/verification';
import { createSha256 } from './sha256.ts';

export interface CheckRequest {
  readonly file: Blob;
  readonly trust: TrustRoots;
}
export type CheckAnswer = { readonly report: VerificationReport } | { readonly error: string };

const READER = 'c2pa-wasm 0.13.3 (c2pa-rs 0.91.3), in the browser';
/** Above this an MP4 is hashed in one pass: the reader would take memory by the size of the file, and a phone has little. */
const STREAMED_FROM_BYTES = 64 * 1024 * 1024;
const ready = init({ module_or_path: new URL('c2pa.wasm', import.meta.url) });

self.addEventListener('message', async ({ data }: MessageEvent<CheckRequest>) => {
  try {
    self.postMessage({ report: await check(data) } satisfies CheckAnswer);
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? error.message : String(error) } satisfies CheckAnswer);
  }
});

async function check({ file, trust }: CheckRequest): Promise<VerificationReport> {
  const media_type = mediaTypeOf(new Uint8Array(await file.slice(0, MEDIA_TYPE_BYTES).arrayBuffer()));
  if (!media_type)
    return reportWithoutManifest(
      'unreadable',
      READER,
      'It is no MP4 or QuickTime video and no JPEG, PNG, WebP, GIF, HEIC or AVIF picture.',
    );
  const streamed = media_type === 'video/mp4' && file.size > STREAMED_FROM_BYTES ? await stream(file) : undefined;
  await ready;
  let reader: WasmReader;
  const settings = JSON.stringify(readerSettings(trust));
  try {
    if (streamed) {
      reader = await WasmReader.fromBytes(media_type, streamed.head, settings);
    } else {
      const read = async (at: number, length: number) => new Uint8Array(await file.slice(at, at + length).arrayBuffer());
      await requireFewBoxes(media_type, read, file.size);
      reader = await WasmReader.fromBlob(media_type, file, settings);
    }
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return /JumbfNotFound/.test(reason)
      ? reportWithoutManifest('no_credential', READER)
      : reportWithoutManifest('unreadable', READER, reason.slice(0, 300));
  }
  try {
    const json: unknown = JSON.parse(reader.json());
    return toVerificationReport(streamed ? withBinding(json, streamed) : json, READER, (identifier) => {
      try {
        return reader.resourceToBytes(identifier);
      } catch {
        // A manifest may name a thumbnail that it does not have.
        return undefined;
      }
    });
  } finally {
    reader.free();
  }
}

/** @returns undefined for a file that is built or bound in a way that takes all of it at once */
async function stream(file: Blob): Promise<StreamedFile | undefined> {
  const streamed = await readStreamedFile(partsOf(file), createSha256, { with_sha256: false });
  return streamed.binding === 'match' || streamed.binding === 'mismatch' ? streamed : undefined;
}

/** Not every browser lets a stream be looped over. */
async function* partsOf(file: Blob): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
