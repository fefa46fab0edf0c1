/**
 * Judges a live stream whose viewer may seek: segments come in any order and more than once, so each must be the one that
 * was asked for. Knows nothing of players or the network; who signed is the word of the C2PA reader it is given.
 */
import type { VerificationReport } from '../verification/index.ts';
import { type CheckedInit, type CheckedSegment, firstNumber, judgeSegment, openStream, refuseInit, type Stream } from './judge.ts';
import { type InitVerdict, type SegmentVerdict, segmentSentence } from './sentences.ts';

/** Signed numbers begin here (the `mfhd` box's, by ISO/IEC 14496-12); a playlist's begin with 0. */
const FIRST_SEQUENCE_NUMBER = 1;

export class SeekingVerifier {
  /** Of one video, by the label of their manifest. */
  readonly #streams = new Map<string, Stream>();
  readonly #seen = new Set<number>();
  readonly #video_id: string | undefined;
  readonly #signers: readonly InitVerdict[];

  /**
   * @param options.video_id whose stream was asked for; without it, the first init segment decides
   * @param options.signers whose init segments are taken
   */
  constructor({ video_id, signers }: { video_id?: string | undefined; signers: readonly InitVerdict[] }) {
    this.#video_id = video_id;
    this.#signers = signers;
  }

  /** Takes an init segment of the video, in any order, and again as often as it comes. */
  async begin(init: Uint8Array, report: VerificationReport): Promise<CheckedInit> {
    const { checked, stream } = await openStream(init, report, this.#video_id);
    if (!stream || !this.#signers.includes(checked.verdict)) return checked;
    for (const known of this.#streams.values()) {
      // A stream is one chain: no two starts follow the same one, and only the first follows none.
      const rivals = known.manifest_label !== stream.manifest_label && known.continues_manifest === stream.continues_manifest;
      if (known.video_id !== stream.video_id || rivals) return refuseInit('foreign_stream', report).checked;
    }
    this.#streams.set(stream.manifest_label, stream);
    return checked;
  }

  /**
   * @param media_sequence number of the segment that was asked for, as its playlist counts (RFC 8216, section 4.3.3.2)
   * @param start label of the manifest of the init segment that it is to be played behind: behind another one, its bytes would
   * show something else; undefined where it was given none
   */
  async check(segment: Uint8Array, media_sequence: number, start: string | undefined): Promise<CheckedSegment> {
    const judged = await judgeSegment(segment, ({ manifest_id, sequence_number }) =>
      manifest_id === start ? this.#streamAt(manifest_id, sequence_number) : undefined,
    );
    const { sequence_number } = judged;
    const asked_for = media_sequence + FIRST_SEQUENCE_NUMBER;
    const verdict = judged.verdict === 'whole' ? this.#place(judged.sequence_number, asked_for) : judged.verdict;
    return { verdict, sequence_number, sentence: segmentSentence(verdict, sequence_number, asked_for) };
  }

  /** Where a later start takes over, what an earlier one's keys still signed has no place. */
  #streamAt(manifest_label: string, sequence_number: number): Stream | undefined {
    const stream = this.#streams.get(manifest_label);
    if (!stream) return undefined;
    const is_over = [...this.#streams.values()].some((other) => {
      const begins = firstNumber(other);
      return begins > firstNumber(stream) && begins <= sequence_number;
    });
    return is_over ? undefined : stream;
  }

  #place(sequence_number: number, asked_for: number): SegmentVerdict {
    if (sequence_number === asked_for) {
      this.#seen.add(sequence_number);
      return 'valid';
    }
    if (this.#seen.has(sequence_number)) return 'replay';
    return sequence_number < asked_for ? 'reorder' : 'gap';
  }
}
