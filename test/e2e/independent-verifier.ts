/**
 * Reads manifests with another release of the C2PA library than the one that signed: c2pa-wasm 0.13.3 (c2pa-rs 0.91),
 * where the worker has c2pa-node 0.8.0 (c2pa-rs 0.90).
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { initSync, WasmReader } from '@contentauth/c2pa-wasm';

initSync({ module: await readFile(createRequire(import.meta.url).resolve('@contentauth/c2pa-wasm/c2pa.wasm')) });

/** Extended key usages that C2PA allows for claim signers. */
const TRUST_CONFIG = '1.3.6.1.4.1.62558.2.1\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.4\n';

export interface Verdict {
  /** `Trusted`, `Valid` or `Invalid`. */
  readonly state: string;
  /** Status codes of what failed. */
  readonly failures: readonly string[];
  /** The active manifest as the library gives it. */
  readonly manifest: Record<string, unknown>;
}

/** @param trust_anchors PEM; without it a sound file is `Valid`, never `Trusted` */
export async function verify(content: Uint8Array, mime_type: string, trust_anchors?: string): Promise<Verdict> {
  const settings = {
    trust: { trust_config: TRUST_CONFIG, ...(trust_anchors && { trust_anchors }) },
    verify: { verify_trust: true, remote_manifest_fetch: false, ocsp_fetch: false },
  };
  const reader = await WasmReader.fromBytes(mime_type, content, JSON.stringify(settings));
  try {
    const report = reader.json();
    const store = typeof report === 'string' ? JSON.parse(report) : report;
    const codes = store.validation_results?.activeManifest?.failure ?? [];
    return {
      state: store.validation_state,
      failures: codes.map(({ code }: { code: string }) => code),
      manifest: store.manifests[store.active_manifest],
    };
  } finally {
    reader.free();
  }
}
