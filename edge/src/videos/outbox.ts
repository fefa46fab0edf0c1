/**
 * What a video's object must still do outside of itself. An errand is written in the same stretch as the state that
 * causes it, and leaves the box only when it was done: late or doubled, never lost.
 */

/**
 * `doorbell`: a message in the queue. `turn`: asks the account whether a held video may go on. `index`: the row in D1.
 * `settle`: the account charges what was delivered. `notify`: a webhook event. `erase`: the end of an expired or deleted video.
 * `drop_parent`: the copy of the file that the video was made after, which its own file now speaks for.
 * `callback`: tells the address that the request named how the video ended.
 * `restamp`: asks the queue for a worker that time-stamps a published video. `drop_replaced`: the files that it took the place of.
 */
export type Errand =
  | 'doorbell'
  | 'turn'
  | 'index'
  | 'settle'
  | 'notify'
  | 'erase'
  | 'drop_parent'
  | 'restamp'
  | 'drop_replaced'
  | 'callback';

export interface DueErrand {
  /** Of this very request: asked for again meanwhile, the errand has another id and stays. */
  readonly id: number;
  readonly errand: Errand;
  readonly failures: number;
}

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 60_000;

/** Asks for an errand; one that is waiting already is asked for anew. @param failures of one that keeps a schedule of its own */
export function putErrand(sql: SqlStorage, errand: Errand, due_at_ms: number, failures = 0): void {
  sql.exec('INSERT OR REPLACE INTO outbox (errand, due_at_ms, failures) VALUES (?, ?, ?)', errand, due_at_ms, failures);
}

/** Asks for an errand unless it is waiting already. */
export function restoreErrand(sql: SqlStorage, errand: Errand, due_at_ms: number): void {
  sql.exec('INSERT OR IGNORE INTO outbox (errand, due_at_ms, failures) VALUES (?, ?, 0)', errand, due_at_ms);
}

export function dueErrands(sql: SqlStorage, now_ms: number): DueErrand[] {
  const rows = sql.exec<{ id: number; errand: string; failures: number }>(
    'SELECT id, errand, failures FROM outbox WHERE due_at_ms <= ? ORDER BY id',
    now_ms,
  );
  return rows.toArray().map((row) => ({ ...row, errand: row.errand as Errand }));
}

export function settleErrand(sql: SqlStorage, { id }: DueErrand): void {
  sql.exec('DELETE FROM outbox WHERE id = ?', id);
}

export function postponeErrand(sql: SqlStorage, { id, failures }: DueErrand, now_ms: number): void {
  sql.exec('UPDATE outbox SET due_at_ms = ?, failures = ? WHERE id = ?', now_ms + retryDelay(failures), failures + 1, id);
}

/** Milliseconds to the next attempt: 0.2 s, doubled with every failure, at most 60 s. */
export function retryDelay(failures: number): number {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
}

/** Unix milliseconds of the earliest errand. */
export function nextErrandAt(sql: SqlStorage): number | null {
  return sql.exec<{ due_at_ms: number | null }>('SELECT MIN(due_at_ms) AS due_at_ms FROM outbox').one().due_at_ms;
}
