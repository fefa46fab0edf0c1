/** The worker's reader of manifests, at a terminal: what it cannot do is said of this machine, never of the file. */
import { type ManifestReport, readManifest } from '@everframe/gpu-worker/read-manifest';
import { Failure } from './failure.ts';

/** @throws Failure where the file could not be checked at all, which says nothing of it */
export async function checkManifest(path: string, mime_type: string, trust_anchors_pem: string | undefined): Promise<ManifestReport> {
  try {
    return await readManifest(path, mime_type, trust_anchors_pem);
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new Failure(`${path} could not be checked, so nothing is known of it: ${reason}.`, { cause });
  }
}
