/** What a stream asks of a video's commits. */
import type { Asset, Segment } from '@everframe/shared';
import type { Sql } from '../accounts/ledger.ts';

/**
 * The last `limit` segments, in order, and the changes of the init segment up to the first of them.
 * Without what only the finished file is made of, since players ask every second.
 * @param from_frame those before it are another video's, signed as its
 */
export function lastSegments(sql: Sql, limit: number, from_frame: number): { segments: Segment[]; earlier_discontinuities: number } {
  const rows = sql
    .exec<{ segment: string }>(
      "SELECT json_remove(segment, '$.luma_cells') AS segment FROM commits WHERE json_extract(segment, '$.first_frame') >= ? ORDER BY chunk_index DESC LIMIT ?",
      from_frame,
      limit,
    )
    .toArray();
  const segments = rows.map(({ segment }) => JSON.parse(segment) as Segment).reverse();
  const first = segments[0]?.chunk_index ?? 0;
  if (first === 0) return { segments, earlier_discontinuities: 0 };
  const [changes] = sql
    .exec<{ count: number }>(
      `SELECT COUNT(*) AS count FROM (
         SELECT init, LAG(init) OVER (ORDER BY chunk_index) AS before
         FROM (SELECT chunk_index, json_extract(segment, '$.init.sha256') AS init FROM commits WHERE chunk_index <= ?)
       ) WHERE init <> before`,
      first,
    )
    .toArray();
  return { segments, earlier_discontinuities: changes?.count ?? 0 };
}

export function findMedia(sql: Sql, chunk_index: number): Asset | null {
  const [row] = sql.exec<{ segment: string }>('SELECT segment FROM commits WHERE chunk_index = ?', chunk_index).toArray();
  return row ? (JSON.parse(row.segment) as Segment).media : null;
}

/** @param digits the first ones of its SHA-256 */
export function findInit(sql: Sql, digits: string): Asset | null {
  const [row] = sql
    .exec<{ init: string }>(
      `SELECT json_extract(segment, '$.init') AS init FROM commits
       WHERE substr(json_extract(segment, '$.init.sha256'), 1, ?) = ? ORDER BY chunk_index LIMIT 1`,
      digits.length,
      digits,
    )
    .toArray();
  return row ? (JSON.parse(row.init) as Asset) : null;
}
