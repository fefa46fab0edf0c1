/** A report, and whether the file is byte for byte the one that this service published under its manifest. */
import { parsePublication } from '@everframe/shared';
import { comparePublished, type PublishedBytes, publishedText, type VerificationReport } from '@everframe/shared/verification';
import { findPublications } from '../store/publications.ts';

/** `published` is null where there is no credential that holds, so nothing to compare by. */
export async function withPublished(
  db: D1Database,
  report: VerificationReport,
  file: { readonly sha256: string; readonly bytes: number },
): Promise<VerificationReport & { published: PublishedBytes | null }> {
  const { manifest_label, validation_state, warnings } = report;
  if (manifest_label === null || validation_state === 'invalid') return { ...report, published: null };
  const records = (await findPublications(db, manifest_label)).map((record) => parsePublication(record).facts);
  const published = comparePublished(records, file);
  const text = published === 'other' ? publishedText(published, records, file) : undefined;
  return { ...report, warnings: text === undefined ? warnings : [...warnings, text], published };
}
