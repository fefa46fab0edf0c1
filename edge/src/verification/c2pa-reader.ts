/**
 * The C2PA reader inside the Worker: c2pa-rs as WebAssembly. Loaded by the first request that needs it, so that a video's
 * life never pays for it. The only importer of c2pa-wasm. It holds a whole file in memory, hence the bound on files.
 */
import {
  type CheckedMediaType,
  readerSettings,
  reportWithoutManifest,
  requireFewBoxes,
  type StreamedFile,
  type TrustRoots,
  toVerificationReport,
  type VerificationReport,
  withBinding,
} from '@everframe/shared/verification';

type Library = typeof import('@contentauth/c2pa-wasm');

export const READER = 'c2pa-wasm 0.13.3 (c2pa-rs 0.91.3)';

let loading: Promise<Library> | undefined;
/** Set by a trap, after which the instance's memory cannot be trusted. Every instance of this module shares it. */
let is_broken = false;

/**
 * @param streamed where `bytes` is the head of a file that was hashed in one pass: what came of that
 * @throws Error where the reader itself is broken; what is wrong with the file is in the report
 */
export async function readCredential(
  bytes: Uint8Array,
  media_type: CheckedMediaType,
  trust: TrustRoots,
  streamed?: Pick<StreamedFile, 'binding' | 'manifest_label'>,
): Promise<VerificationReport> {
  if (is_broken) throw new Error('the C2PA reader broke down on an earlier file; a new isolate will have a new one');
  const { WasmReader } = await openLibrary();
  let reader: Awaited<ReturnType<Library['WasmReader']['fromBytes']>>;
  try {
    await requireFewBoxes(media_type, async (at, length) => bytes.subarray(at, at + length), bytes.length);
    reader = await WasmReader.fromBytes(media_type, bytes, JSON.stringify(readerSettings(trust)));
  } catch (error) {
    throwIfTrapped(error);
    const reason = error instanceof Error ? error.message : String(error);
    if (/JumbfNotFound/.test(reason)) return reportWithoutManifest('no_credential', READER);
    return reportWithoutManifest('unreadable', READER, reason.slice(0, 300));
  }
  try {
    const json: unknown = JSON.parse(reader.json());
    return toVerificationReport(streamed === undefined ? json : withBinding(json, streamed), READER, (identifier) =>
      readResource(reader, identifier),
    );
  } catch (error) {
    throwIfTrapped(error);
    throw error;
  } finally {
    reader.free();
  }
}

function openLibrary(): Promise<Library> {
  loading ??= (async () => {
    const [library, { default: module }] = await Promise.all([
      import('@contentauth/c2pa-wasm'),
      import('@contentauth/c2pa-wasm/c2pa.wasm'),
    ]);
    library.initSync({ module });
    return library;
  })();
  return loading;
}

function readResource(reader: { resourceToBytes(identifier: string): Uint8Array }, identifier: string): Uint8Array | undefined {
  try {
    return reader.resourceToBytes(identifier);
  } catch (error) {
    throwIfTrapped(error);
    // A manifest may name a thumbnail that it does not have.
    return undefined;
  }
}

function throwIfTrapped(error: unknown): void {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  is_broken = true;
  throw error;
}
