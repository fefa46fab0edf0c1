/** A report, and whether the file is byte for byte the one that this service published under its manifest. */
import { parsePublication } from '@everframe/shared';
import { comparePublished, type PublishedBytes, publishedText, type VerificationReport } from '@everframe/shared/verification';
import { findPublications } from '../store/publications.ts';

/**
 * `published` is null for a file that is not this service's: anybody can sign other pictures under a name of ours, and of those it would be
 * false to say that only bytes without meaning differ.
 */
export async function withPublished(
  db: D1Database,
  report: VerificationReport,
  file: { readonly sha256: string; readonly bytes: number },
): Promise<VerificationReport & { published: PublishedBytes | null }> {
  const { manifest_label, verdict, warnings } = report;
  if (manifest_label === null || verdict !== 'ours') return { ...report, published: null };
  const records = (await findPublications(db, manifest_label)).map((record) => parsePublication(record).facts);
  const published = comparePublished(records, file);
  const text = published === 'other' ? publishedText(published, records, file) : undefined;
  return { ...report, warnings: text === undefined ? warnings : [...warnings, text], published };
}
