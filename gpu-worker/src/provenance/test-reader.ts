/** For tests: a reader that is not ours nor the signer's, the WebAssembly build of a newer c2pa-rs. */
import { readFile } from 'node:fs/promises';
import { initSync, WasmReader } from '@contentauth/c2pa-wasm';
import { verificationSettings } from './verification-settings.ts';

let started: Promise<void> | undefined;

/** @returns `validation_state`, or what it refused the file with */
export async function readIndependently(bytes: Uint8Array, mime_type: string, trust_anchors_pem: string | undefined): Promise<string> {
  try {
    return (await readFully(bytes, mime_type, trust_anchors_pem)).validation_state;
  } catch (error) {
    return `refused: ${error}`;
  }
}

/** @returns all that the library says, in its own shape */
export function readFully(bytes: Uint8Array, mime_type: string, trust_anchors_pem: string | undefined) {
  return readWith(bytes, mime_type, verificationSettings(trust_anchors_pem));
}

/** @param settings of c2pa-rs */
export async function readWith(bytes: Uint8Array, mime_type: string, settings: object) {
  started ??= start();
  await started;
  const reader = await WasmReader.fromBytes(mime_type, bytes, JSON.stringify(settings));
  try {
    return JSON.parse(reader.json());
  } finally {
    reader.free();
  }
}

/** @returns what the conformance programme's tools take (crJSON) */
export async function readCrJson(bytes: Uint8Array, mime_type: string, trust_anchors_pem: string | undefined): Promise<object> {
  started ??= start();
  await started;
  const reader = await WasmReader.fromBytes(mime_type, bytes, JSON.stringify(verificationSettings(trust_anchors_pem)));
  try {
    return JSON.parse(reader.crJson());
  } finally {
    reader.free();
  }
}

async function start(): Promise<void> {
  initSync({ module: await readFile(new URL('c2pa_bg.wasm', import.meta.resolve('@contentauth/c2pa-wasm'))) });
}
