/**
 * By what the manifest is found again when it was taken off its file (C2PA 2.4, section 18.10): the mark that is in the pixels,
 * and the fingerprint that is computed from them. The names are our own; the specification's list asks for no others.
 */
import { FINGERPRINT_ALG, MARK_ALG } from '@everframe/shared/mark';
import type { GenerationFacts, SignedMimeType } from './assertions.ts';

/** A part of a video, in whole milliseconds from its start. */
export interface Timespan {
  readonly start: number;
  readonly end: number;
}

/** Frames that carry a mark. */
export interface MarkedPart {
  /** 12 hex digits. */
  readonly mark: string;
  /** Undefined for the whole file. */
  readonly timespan?: Timespan | undefined;
  /** The parent's frames, marked when it was made. */
  readonly taken_over?: boolean;
}

export interface Fingerprint {
  /** One for each second from the start. */
  readonly hashes: readonly string[];
  /** Undefined for the whole file. */
  readonly timespan?: Timespan | undefined;
}

/** The values are those that the look-up at `/v1/c2pa/matches/byBinding` takes: bytes in base64. */
export function softBindings({ marks = [], fingerprint }: GenerationFacts, mime_type: SignedMimeType): object[] {
  // A still has no seconds.
  const hashes = mime_type === 'video/mp4' && fingerprint ? fingerprint.hashes.join('') : '';
  return [
    ...softBinding(
      MARK_ALG,
      marks.map(({ mark, timespan }) => block(mark, timespan)),
    ),
    ...softBinding(FINGERPRINT_ALG, hashes ? [block(hashes, fingerprint?.timespan)] : []),
  ];
}

function softBinding(alg: string, blocks: readonly object[]): object[] {
  return blocks.length === 0 ? [] : [{ label: 'c2pa.soft-binding', created: true, data: { alg, blocks } }];
}

/** A scope that says nothing is the whole file. */
function block(hex: string, timespan: Timespan | undefined): object {
  return { scope: timespan ? { timespan } : {}, value: Buffer.from(hex, 'hex').toString('base64') };
}
