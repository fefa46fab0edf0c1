/** The C2PA reader, in a worker of its own: reading a large file blocks its thread, and Blobs are read in parts only here. */
import init, { WasmReader } from '@contentauth/c2pa-wasm';
import type { VerificationReport } from '@everframe/shared/verification';
import {
  MEDIA_TYPE_BYTES,
  mediaTypeOf,
  readerSettings,
  reportWithoutManifest,
  type TrustRoots,
  toVerificationReport,
} from '@everframe/shared/verification';

export interface CheckRequest {
  readonly file: Blob;
  readonly trust: TrustRoots;
}
export type CheckAnswer = { readonly report: VerificationReport } | { readonly error: string };

const READER = 'c2pa-wasm 0.13.3 (c2pa-rs 0.91.3), in the browser';
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
  await ready;
  let reader: WasmReader;
  try {
    reader = await WasmReader.fromBlob(media_type, file, JSON.stringify(readerSettings(trust)));
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return /JumbfNotFound/.test(reason)
      ? reportWithoutManifest('no_credential', READER)
      : reportWithoutManifest('unreadable', READER, reason.slice(0, 300));
  }
  try {
    return toVerificationReport(JSON.parse(reader.json()), READER, (identifier) => {
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
