/** D1: what the service states of the files that it published. Public as their manifests are. */
import { parsePublication } from '@everframe/shared';

/** Safe to repeat. */
export async function storePublications(db: D1Database, records: readonly string[]): Promise<void> {
  if (records.length === 0) return;
  const insert = db.prepare('INSERT OR IGNORE INTO publications (manifest_id, sha256, video_id, record) VALUES (?, ?, ?, ?)');
  await db.batch(
    records.map((record) => {
      const { manifest_id, sha256, video_id } = parsePublication(record).facts;
      return insert.bind(manifest_id, sha256, video_id, record);
    }),
  );
}

export async function findPublications(db: D1Database, manifest_id: string): Promise<string[]> {
  const { results } = await db.prepare('SELECT record FROM publications WHERE manifest_id = ?').bind(manifest_id).all<{ record: string }>();
  return results.map(({ record }) => record);
}
