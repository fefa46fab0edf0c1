/** D1: which published file has which manifest, mark and fingerprint. Public as the files' manifests are; it knows no account. */
import type { Credential } from '@everframe/shared';
import { bandsOf, NOTHING } from '@everframe/shared/mark';
import type { Candidate } from '../soft-bindings/match-fingerprint.ts';

/** Rows of fingerprints that one statement writes: a million bytes of parameters at most. */
const SECONDS_A_STATEMENT = 2000;
/** Rows that a look-up by fingerprint compares. */
const CANDIDATES_MAX = 20_000;

export interface FoundCredential {
  readonly manifest_id: string;
  /** The signed file; null once it was erased. */
  readonly file_key: string | null;
}

/** Safe to repeat; a file that has taken the place of another one is looked up from then on. */
export async function storeCredential(db: D1Database, credential: Credential, video_id: string, file_key: string): Promise<void> {
  const { manifest_id, mark, fingerprint } = credential;
  const replace = db.prepare('UPDATE credentials SET file_key = ? WHERE manifest_id = ? AND video_id = ?');
  const known = await db.prepare('SELECT file_key FROM credentials WHERE manifest_id = ?').bind(manifest_id).first<{ file_key: string }>();
  if (known?.file_key === file_key) return;
  if (known) {
    await replace.bind(file_key, manifest_id, video_id).run();
    return;
  }
  const rows = fingerprint.flatMap((hash, second) => (hash === NOTHING ? [] : bandsOf(hash).map((band) => [band, second, hash] as const)));
  const parts: (typeof rows)[] = [];
  for (let at = 0; at < rows.length; at += SECONDS_A_STATEMENT) parts.push(rows.slice(at, at + SECONDS_A_STATEMENT));
  const bands = db.prepare(
    `INSERT OR IGNORE INTO fingerprint_bands (band, manifest_id, second, hash)
     SELECT value ->> 0, ?, value ->> 1, value ->> 2 FROM json_each(?)`,
  );
  // One transaction: what is known is known whole.
  await db.batch([
    ...parts.map((part) => bands.bind(manifest_id, JSON.stringify(part))),
    db
      .prepare('INSERT OR IGNORE INTO credentials (manifest_id, mark, file_key, video_id) VALUES (?, ?, ?, ?)')
      .bind(manifest_id, mark, file_key, video_id),
  ]);
}

/** Of an erased video stays that there was a manifest with that mark. Safe to repeat. */
export async function forgetCredential(db: D1Database, video_id: string): Promise<void> {
  await db.batch([
    db
      .prepare('DELETE FROM fingerprint_bands WHERE manifest_id IN (SELECT manifest_id FROM credentials WHERE video_id = ?)')
      .bind(video_id),
    db.prepare('DELETE FROM publications WHERE video_id = ?').bind(video_id),
    db.prepare('UPDATE credentials SET file_key = NULL, video_id = NULL WHERE video_id = ?').bind(video_id),
  ]);
}

export function findCredential(db: D1Database, manifest_id: string): Promise<FoundCredential | null> {
  return db.prepare('SELECT manifest_id, file_key FROM credentials WHERE manifest_id = ?').bind(manifest_id).first<FoundCredential>();
}

/** One as a rule; 48 bits may meet by chance. */
export async function findByMark(db: D1Database, mark: string, limit: number): Promise<string[]> {
  const { results } = await db
    .prepare('SELECT manifest_id FROM credentials WHERE mark = ? ORDER BY manifest_id LIMIT ?')
    .bind(mark, limit)
    .all<{ manifest_id: string }>();
  return results.map(({ manifest_id }) => manifest_id);
}

/** Seconds of any file that agree with the hashes in at least one band: those that agree in most first, then those of such files. */
export async function findCandidates(db: D1Database, hashes: readonly string[]): Promise<Candidate[]> {
  const bands = [...new Set(hashes.flatMap(bandsOf))];
  const { results } = await db
    .prepare(
      `SELECT manifest_id, second, hash FROM (
         SELECT manifest_id, second, hash, COUNT(*) AS shared, SUM(COUNT(*)) OVER (PARTITION BY manifest_id) AS of_file
         FROM fingerprint_bands WHERE band IN (SELECT value FROM json_each(?)) GROUP BY manifest_id, second
       ) ORDER BY shared DESC, of_file DESC, manifest_id, second LIMIT ?`,
    )
    .bind(JSON.stringify(bands), CANDIDATES_MAX)
    .all<Candidate>();
  return results;
}
