/** What is said of a file's credential, by whichever reader: report, verdict, lineage, and how readers are set. */
export { BOXES_MAX, type ReadBytes, requireFewBoxes } from './box-limit.ts';
export type { LineageNode, ReadResource } from './lineage.ts';
export { type CheckedMediaType, MEDIA_TYPE_BYTES, mediaTypeOf } from './media-type.ts';
export { comparePublished, type PublishedBytes, publishedText } from './published-bytes.ts';
export { NO_TRUST, readerSettings, type TrustRoots } from './reader-settings.ts';
export {
  type ReportedAction,
  type ReportedStatus,
  reportWithoutManifest,
  toVerificationReport,
  type VerificationReport,
} from './report.ts';
export { readStreamedFile, type Sha256, type StreamedFile } from './streamed-file.ts';
export { type Trust, VERDICTS, type Verdict } from './verdict.ts';
export { withBinding } from './with-binding.ts';
