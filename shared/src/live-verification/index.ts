/** Whether a live stream is what was signed, segment by segment; for page, terminal and tests alike. */
export { sign1Structure } from './cbor.ts';
export type { CheckedInit, CheckedSegment } from './judge.ts';
export { LiveVerifier } from './live-verifier.ts';
export { type ActiveManifest, activeManifest, claimedHash, signingCertificate, withoutManifest } from './manifest-store.ts';
export { SeekingVerifier } from './seeking-verifier.ts';
export {
  COSE,
  equalBytes,
  readSegmentInfo,
  SCHEME_OFFSET,
  SEGMENT_INFO_SCHEME,
  SESSION_KEYS_LABEL,
  segmentHash,
  sequenceNumberOf,
} from './segment-info.ts';
export type { InitVerdict, SegmentVerdict } from './sentences.ts';
