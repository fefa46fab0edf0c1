/**
 * By what the manifest is found again when it was taken off its file (C2PA 2.4, section 18.10): the mark that is in the pixels,
 * and the fingerprint that is computed from them. The names are our own; the specification's list asks for no others.
 */
import { FINGERPRINT_ALG, MARK_ALG } from '@everframe/shared/mark';
import type { GenerationFacts, SignedMimeType } from './assertions.ts';

/** The values are those that the look-up at `/v1/c2pa/matches/byBinding` takes: bytes in base64. */
export function softBindings({ mark, fingerprint = [] }: GenerationFacts, mime_type: SignedMimeType): object[] {
  return [
    ...(mark === undefined ? [] : [softBinding(MARK_ALG, mark)]),
    // A still has no seconds.
    ...(fingerprint.length === 0 || mime_type !== 'video/mp4' ? [] : [softBinding(FINGERPRINT_ALG, fingerprint.join(''))]),
  ];
}

/** One block, whose scope is the whole file. */
function softBinding(alg: string, hex: string): object {
  const value = Buffer.from(hex, 'hex').toString('base64');
  return { label: 'c2pa.soft-binding', created: true, data: { alg, blocks: [{ scope: {}, value }] } };
}
