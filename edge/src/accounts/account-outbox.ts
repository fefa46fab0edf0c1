/**
 * What an account's object must still tell others, as the outbox of a video's object does it: written with the entry that
 * causes it, gone when it was done. `announce`: a video's turn has come. `capture`, `refund`: a meter event.
 * `erase`: what was stored for a video that was then not recorded.
 */
import { retryDelay } from '../videos/outbox.ts';
import type { Sql } from './ledger.ts';

export type AccountErrand = 'announce' | 'capture' | 'refund' | 'erase';

export interface DueAccountErrand {
  readonly id: number;
  readonly errand: AccountErrand;
  readonly video_id: string;
  readonly failures: number;
}

export function createOutbox(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS outbox (
      id INTEGER PRIMARY KEY AUTOINCREMENT, errand TEXT NOT NULL, video_id TEXT NOT NULL, due_at_ms INTEGER NOT NULL,
      failures INTEGER NOT NULL, UNIQUE (errand, video_id)
    )`);
}

export function putErrand(sql: Sql, errand: AccountErrand, video_id: string, due_at_ms: number): void {
  sql.exec('INSERT OR REPLACE INTO outbox (errand, video_id, due_at_ms, failures) VALUES (?, ?, ?, 0)', errand, video_id, due_at_ms);
}

export function dueErrands(sql: Sql, now_ms: number, limit: number): DueAccountErrand[] {
  const rows = sql.exec<{ id: number; errand: string; video_id: string; failures: number }>(
    'SELECT id, errand, video_id, failures FROM outbox WHERE due_at_ms <= ? ORDER BY id LIMIT ?',
    ...[now_ms, limit],
  );
  return rows.toArray().map((row) => ({ ...row, errand: row.errand as AccountErrand }));
}

export function settleErrand(sql: Sql, { id }: DueAccountErrand): void {
  sql.exec('DELETE FROM outbox WHERE id = ?', id);
}

export function postponeErrand(sql: Sql, { id, failures }: DueAccountErrand, now_ms: number): void {
  sql.exec('UPDATE outbox SET due_at_ms = ?, failures = ? WHERE id = ?', now_ms + retryDelay(failures), failures + 1, id);
}

export function nextErrandAt(sql: Sql): number | null {
  const [row] = sql.exec<{ at_ms: number | null }>('SELECT MIN(due_at_ms) AS at_ms FROM outbox').toArray();
  return row?.at_ms ?? null;
}
