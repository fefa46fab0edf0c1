/** A live stream's verdicts, and each as a viewer reads it. */

/** Of the init segment. The first three are the file's own verdicts: it is as it was signed, by us, by another, by somebody. */
export type InitVerdict = 'ours' | 'another' | 'unknown_signer' | 'not_trustworthy' | 'no_session' | 'foreign_stream';

/**
 * `changed`: its bytes are not those that were signed. `gap`: segments before it are missing. `replay`: it came before.
 * `reorder`: it comes after later ones. `foreign_key`: signed by a key that the stream does not name, or not at all by
 * the one it claims. `foreign_stream`: it belongs to another stream. `expired_key`: signed when the key's time was over.
 * `unsigned`: it carries no signature. `unreadable`: it is no segment of this kind.
 */
export type SegmentVerdict =
  | 'valid'
  | 'changed'
  | 'gap'
  | 'replay'
  | 'reorder'
  | 'foreign_key'
  | 'foreign_stream'
  | 'expired_key'
  | 'unsigned'
  | 'unreadable';

/** @param summary the file's verdict as a sentence */
export function initSentence(verdict: InitVerdict, summary: string, why?: string): string {
  switch (verdict) {
    case 'ours':
    case 'another':
    case 'unknown_signer':
      return summary;
    case 'not_trustworthy':
      return `The start of the stream can't be relied on. ${summary}`;
    case 'no_session':
      return `The start of the stream says nothing by which its segments could be checked: ${why}.`;
    case 'foreign_stream':
      return 'This is the start of another stream, not of the one that was asked for or begun. Do not rely on what follows.';
  }
}

/** @param expected number of the segment that must come next, after this one was taken */
export function segmentSentence(verdict: SegmentVerdict, sequence_number: number | null, expected?: number): string {
  const segment = sequence_number === null ? 'A segment' : `Segment ${sequence_number}`;
  switch (verdict) {
    case 'valid':
      return `${segment} is as it was signed, and in its place.`;
    case 'changed':
      return `${segment} was changed after it was signed.`;
    case 'gap':
      return `Something is missing before segment ${sequence_number}.`;
    case 'replay':
      return `${segment} came a second time.`;
    case 'reorder':
      return `${segment} came late: number ${expected} was to come next.`;
    case 'foreign_key':
      return `${segment} was not signed with a key of this stream.`;
    case 'foreign_stream':
      return `${segment} belongs to another stream.`;
    case 'expired_key':
      return `${segment} was signed after its key had run out.`;
    case 'unsigned':
      return `${segment} carries no signature.`;
    case 'unreadable':
      return `${segment} could not be read.`;
  }
}
