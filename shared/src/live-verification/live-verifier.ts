/**
 * Judges a live stream as it arrives: each init segment first, then its media segments in the order in which they are
 * shown. Knows nothing of playlists, players or the network; who signed is the word of the C2PA reader it is given.
 */
import type { VerificationReport } from '../verification/index.ts';
import { equalBytes, readSegmentInfo, type SegmentInfo, segmentHash, sequenceNumberOf } from './segment-info.ts';
import { type InitVerdict, initSentence, type SegmentVerdict, segmentSentence } from './sentences.ts';
import { openSession, type Session, type SessionKey, verifySign1 } from './session.ts';

export interface CheckedInit {
  readonly verdict: InitVerdict;
  /** The verdict in plain words. */
  readonly sentence: string;
}

export interface CheckedSegment {
  readonly verdict: SegmentVerdict;
  /** What the segment says its number is; null where that can't be read. */
  readonly sequence_number: number | null;
  readonly sentence: string;
}

interface Stream extends Session {
  /** What the manifest says it is a part of. */
  readonly video_id: string | undefined;
}

export class LiveVerifier {
  #stream: Stream | undefined;
  /** Of the segment that must come next; undefined before the first. */
  #expected: number | undefined;
  readonly #seen = new Set<number>();
  readonly #joins_late: boolean;

  readonly #video_id: string | undefined;

  /**
   * @param options.joins_late whether the first segment may be any: of a list that has moved on, earlier ones are gone
   * @param options.video_id whose stream was asked for; another one, however well signed, is foreign
   */
  constructor({ joins_late = false, video_id }: { joins_late?: boolean; video_id?: string | undefined } = {}) {
    this.#joins_late = joins_late;
    this.#video_id = video_id;
  }

  /**
   * Begins with an init segment, or goes on with the one that another worker of the same video began. Until one is
   * accepted, no segment is valid.
   * @param report what a C2PA reader says of the same bytes
   */
  async begin(init: Uint8Array, report: VerificationReport): Promise<CheckedInit> {
    const before = this.#stream;
    this.#stream = undefined;
    const refuse = (verdict: InitVerdict, why?: string): CheckedInit => ({ verdict, sentence: initSentence(verdict, report.summary, why) });
    const { verdict } = report;
    if (verdict !== 'ours' && verdict !== 'another' && verdict !== 'unknown_signer') return refuse('not_trustworthy');
    let session: Session;
    try {
      session = await openSession(init);
    } catch (error) {
      return refuse('no_session', error instanceof Error ? error.message : String(error));
    }
    // Two readers of one file must have read the same manifest in it.
    if (session.manifest_label !== report.manifest_label) return refuse('no_session', 'its manifest can be read in two ways');
    const video_id = parameterOf(report, 'video_id');
    if (this.#video_id !== undefined && video_id !== this.#video_id) return refuse('foreign_stream');
    if (before && (before.video_id !== video_id || parameterOf(report, 'continues_manifest') !== before.manifest_label)) {
      return refuse('foreign_stream');
    }
    this.#stream = { ...session, video_id };
    if (!this.#joins_late) this.#expected ??= Math.min(...session.keys.map((key) => key.min_sequence_number));
    return { verdict, sentence: initSentence(verdict, report.summary) };
  }

  /** Takes the next segment. After a bad one it goes on, so that each is named for its own fault. */
  async check(segment: Uint8Array): Promise<CheckedSegment> {
    let info: SegmentInfo | undefined;
    let sequence_number: number;
    try {
      info = readSegmentInfo(segment);
      sequence_number = sequenceNumberOf(segment);
    } catch {
      return say('unreadable', null);
    }
    if (!info) return say('unsigned', sequence_number);
    const verdict = (await this.#judge(segment, info, sequence_number)) ?? this.#place(sequence_number);
    return say(verdict, sequence_number, this.#expected);
  }

  /** Whether the segment is a whole one of this stream, whatever its place. */
  async #judge(segment: Uint8Array, info: SegmentInfo, sequence_number: number): Promise<SegmentVerdict | undefined> {
    const stream = this.#stream;
    if (!stream || info.manifest_id !== stream.manifest_label) return 'foreign_stream';
    const key = stream.keys.find(({ id }) => equalBytes(id, info.key_id));
    if (!key || !(await verifySign1(key.public_key, info.protected_header, info.payload, info.signature))) return 'foreign_key';
    if (info.issued_at < Math.floor(key.valid_from) || info.issued_at > key.valid_until) return 'expired_key';
    if (info.sequence_number !== sequence_number || !equalBytes(info.hash, await segmentHash(segment))) return 'changed';
    return isBefore(sequence_number, key) ? 'foreign_key' : undefined;
  }

  #place(sequence_number: number): SegmentVerdict {
    const expected = this.#expected ?? sequence_number;
    if (this.#seen.has(sequence_number)) return 'replay';
    this.#seen.add(sequence_number);
    if (sequence_number < expected) return 'reorder';
    this.#expected = sequence_number + 1;
    return sequence_number === expected ? 'valid' : 'gap';
  }
}

/** A key vouches for what comes after it was named, not before. */
function isBefore(sequence_number: number, { min_sequence_number }: SessionKey): boolean {
  return sequence_number < min_sequence_number;
}

function parameterOf({ actions }: VerificationReport, name: string): string | undefined {
  const found = actions.map(({ parameters }) => parameters[`org.everframe.${name}`]).find((value) => value !== undefined);
  return found === undefined ? undefined : String(found);
}

function say(verdict: SegmentVerdict, sequence_number: number | null, expected?: number): CheckedSegment {
  return { verdict, sequence_number, sentence: segmentSentence(verdict, sequence_number, expected) };
}
