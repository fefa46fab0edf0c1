/**
 * What a stream asks of a video's commits. Players ask every second, so what their lists are made of has a narrow table of its own
 * beside the commits. It follows from them alone: whoever reads it first adds what was committed since, also to an older video's.
 */
import type { Asset, Segment } from '@everframe/shared';
import type { Sql } from '../accounts/ledger.ts';

/** Hex digits of an init segment's SHA-256 that name it in playlists. */
export const INIT_DIGITS = 16;

/** A segment as a playlist lists it. */
export type StreamedSegment = {
  readonly chunk_index: number;
  readonly frames: number;
  /** The first digits of its init segment's SHA-256. */
  readonly init: string;
  /** Changes of the init segment from the video's beginning up to this one. */
  readonly discontinuity: number;
};

type Row = StreamedSegment & { readonly first_frame: number };

/**
 * The last `limit` segments, in order.
 * @param from_frame those before it are another video's, signed as its
 */
export function lastSegments(sql: Sql, limit: number, from_frame: number): StreamedSegment[] {
  return streamTable(sql)
    .exec<StreamedSegment>(
      'SELECT chunk_index, frames, init, discontinuity FROM stream WHERE first_frame >= ? ORDER BY chunk_index DESC LIMIT ?',
      from_frame,
      limit,
    )
    .toArray()
    .reverse();
}

export function findMedia(sql: Sql, chunk_index: number): Asset | null {
  return findSegment(sql, chunk_index)?.media ?? null;
}

/** @param digits the first ones of its SHA-256 */
export function findInit(sql: Sql, digits: string): Asset | null {
  const [row] = streamTable(sql)
    .exec<{ chunk_index: number }>('SELECT chunk_index FROM stream WHERE init = ? ORDER BY chunk_index LIMIT 1', digits)
    .toArray();
  return (row && findSegment(sql, row.chunk_index)?.init) ?? null;
}

function findSegment(sql: Sql, chunk_index: number): Segment | undefined {
  const [row] = sql.exec<{ segment: string }>('SELECT segment FROM commits WHERE chunk_index = ?', chunk_index).toArray();
  return row && (JSON.parse(row.segment) as Segment);
}

/** The table with every commit in it. */
function streamTable(sql: Sql): Sql {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS stream (
      chunk_index INTEGER PRIMARY KEY, first_frame INTEGER NOT NULL, frames INTEGER NOT NULL, init TEXT NOT NULL, discontinuity INTEGER NOT NULL
    )`);
  let [last] = sql.exec<Row>('SELECT * FROM stream ORDER BY chunk_index DESC LIMIT 1').toArray();
  const missing = sql
    .exec<Omit<Row, 'discontinuity'>>(
      `SELECT chunk_index, segment ->> '$.first_frame' AS first_frame, segment ->> '$.frames' AS frames,
         substr(segment ->> '$.init.sha256', 1, ?) AS init
       FROM commits WHERE chunk_index > ? ORDER BY chunk_index`,
      INIT_DIGITS,
      last?.chunk_index ?? -1,
    )
    .toArray();
  for (const segment of missing) {
    last = { ...segment, discontinuity: last ? last.discontinuity + Number(last.init !== segment.init) : 0 };
    const { chunk_index, first_frame, frames, init, discontinuity } = last;
    sql.exec('INSERT INTO stream VALUES (?, ?, ?, ?, ?)', chunk_index, first_frame, frames, init, discontinuity);
  }
  return sql;
}
