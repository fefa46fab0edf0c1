/** For tests: a reader that is not ours nor the signer's, the WebAssembly build of a newer c2pa-rs. */
import { readFile } from 'node:fs/promises';
import { initSync, WasmReader } from '@contentauth/c2pa-wasm';
import { verificationSettings } from './verification-settings.ts';

let started: Promise<void> | undefined;

/** @returns `validation_state`, or what it refused the file with */
export async function readIndependently(bytes: Uint8Array, mime_type: string, trust_anchors_pem: string | undefined): Promise<string> {
  started ??= start();
  await started;
  try {
    const reader = await WasmReader.fromBytes(mime_type, bytes, JSON.stringify(verificationSettings(trust_anchors_pem)));
    const { validation_state } = JSON.parse(reader.json());
    reader.free();
    return validation_state;
  } catch (error) {
    return `refused: ${error}`;
  }
}

async function start(): Promise<void> {
  initSync({ module: await readFile(new URL('c2pa_bg.wasm', import.meta.resolve('@contentauth/c2pa-wasm'))) });
}
