/**
 * Whose turn it is within one account: at most `max_concurrent_videos` of its videos are in the queue or at work, the
 * others wait here in the order they were asked for. So no account can fill the queue that all share.
 */
import type { Sql } from './ledger.ts';

export type Turn = 'running' | 'waiting';

export function createTurns(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS turns (
      place INTEGER PRIMARY KEY AUTOINCREMENT, video_id TEXT NOT NULL UNIQUE, turn TEXT NOT NULL, check_at_ms INTEGER NOT NULL
    )`);
  sql.exec('CREATE INDEX IF NOT EXISTS turns_by_turn ON turns (turn, place)');
}

/** @param max videos at once; null: no bound */
export function takeTurn(sql: Sql, video_id: string, max: number | null, check_at_ms: number): Turn {
  const known = findTurn(sql, video_id);
  if (known) {
    postponeCheck(sql, video_id, check_at_ms);
    return known;
  }
  // Behind those that wait, also where a place is free by now.
  const turn: Turn = max === null || (count(sql, 'running') < max && count(sql, 'waiting') === 0) ? 'running' : 'waiting';
  sql.exec('INSERT INTO turns (video_id, turn, check_at_ms) VALUES (?, ?, ?)', video_id, turn, check_at_ms);
  return turn;
}

export function findTurn(sql: Sql, video_id: string): Turn | undefined {
  const [row] = sql.exec<{ turn: string }>('SELECT turn FROM turns WHERE video_id = ?', video_id).toArray();
  return row?.turn as Turn | undefined;
}

export function endTurn(sql: Sql, video_id: string): void {
  sql.exec('DELETE FROM turns WHERE video_id = ?', video_id);
}

/** Lets those go on that have waited longest, as many as there is room for. */
export function nextTurns(sql: Sql, max: number | null): string[] {
  const room = max === null ? -1 : Math.max(0, max - count(sql, 'running'));
  const rows = sql.exec<{ video_id: string }>("SELECT video_id FROM turns WHERE turn = 'waiting' ORDER BY place LIMIT ?", room).toArray();
  for (const { video_id } of rows) sql.exec("UPDATE turns SET turn = 'running' WHERE video_id = ?", video_id);
  return rows.map(({ video_id }) => video_id);
}

/** Videos that nothing was heard of for long. */
export function dueChecks(sql: Sql, now_ms: number, limit: number): string[] {
  const rows = sql.exec<{ video_id: string }>(
    'SELECT video_id FROM turns WHERE check_at_ms <= ? ORDER BY check_at_ms LIMIT ?',
    now_ms,
    limit,
  );
  return rows.toArray().map(({ video_id }) => video_id);
}

/** Whether it has its turn still, and nobody has asked for it since it was to be checked. */
export function isDue(sql: Sql, video_id: string, now_ms: number): boolean {
  return sql.exec('SELECT 1 FROM turns WHERE video_id = ? AND check_at_ms <= ?', video_id, now_ms).toArray().length > 0;
}

export function postponeCheck(sql: Sql, video_id: string, check_at_ms: number): void {
  sql.exec('UPDATE turns SET check_at_ms = ? WHERE video_id = ?', check_at_ms, video_id);
}

export function nextCheckAt(sql: Sql): number | null {
  const [row] = sql.exec<{ at_ms: number | null }>('SELECT MIN(check_at_ms) AS at_ms FROM turns').toArray();
  return row?.at_ms ?? null;
}

export function count(sql: Sql, turn: Turn): number {
  const [row] = sql.exec<{ n: number }>('SELECT COUNT(*) AS n FROM turns WHERE turn = ?', turn).toArray();
  return row?.n ?? 0;
}
