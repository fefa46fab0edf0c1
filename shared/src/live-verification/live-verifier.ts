/**
 * Judges a live stream as it arrives: each init segment first, then its media segments in the order in which they are
 * shown. Knows nothing of playlists, players or the network; who signed is the word of the C2PA reader it is given.
 */
import type { VerificationReport } from '../verification/index.ts';
import { type CheckedInit, type CheckedSegment, firstNumber, judgeSegment, openStream, refuseInit, type Stream } from './judge.ts';
import { type SegmentVerdict, segmentSentence } from './sentences.ts';

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
    const { checked, stream } = await openStream(init, report, this.#video_id);
    if (!stream) return checked;
    if (before && (before.video_id !== stream.video_id || stream.continues_manifest !== before.manifest_label)) {
      return refuseInit('foreign_stream', report).checked;
    }
    this.#stream = stream;
    if (!this.#joins_late) this.#expected ??= firstNumber(stream);
    return checked;
  }

  /** Takes the next segment. After a bad one it goes on, so that each is named for its own fault. */
  async check(segment: Uint8Array): Promise<CheckedSegment> {
    const stream = this.#stream;
    const judged = await judgeSegment(segment, ({ manifest_id }) => (manifest_id === stream?.manifest_label ? stream : undefined));
    const { sequence_number } = judged;
    const verdict = judged.verdict === 'whole' ? this.#place(judged.sequence_number) : judged.verdict;
    return { verdict, sequence_number, sentence: segmentSentence(verdict, sequence_number, this.#expected) };
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
