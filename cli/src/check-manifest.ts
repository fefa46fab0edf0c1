/** The C2PA reader at a terminal: what it cannot do is said of this machine, never of the file. Files of any size, by path. */
import { Reader } from '@contentauth/c2pa-node';
import {
  type CheckedMediaType,
  readerSettings,
  reportWithoutManifest,
  type TrustRoots,
  toVerificationReport,
  type VerificationReport,
} from '@everframe/shared/verification';
import { Failure } from './failure.ts';

const READER = 'c2pa-node 0.8.0 (c2pa-rs 0.90.1)';

/** @throws Failure where the file could not be checked at all, which says nothing of it */
export async function checkManifest(path: string, media_type: CheckedMediaType, trust: TrustRoots): Promise<VerificationReport> {
  let reader: Reader | null;
  try {
    reader = await Reader.fromAsset({ path, mimeType: media_type }, readerSettings(trust));
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
  return toVerificationReport(reader.json(), READER, () => undefined);
}
