/** D1: which video a request made. One batch is one transaction, so of several equal requests exactly one is first. */

export interface IdempotencyRow {
  readonly key: string;
  readonly body_hash: string;
  readonly video_id: string;
  readonly expires_at_ms: number;
  readonly held_until_ms: number | null;
}

export interface NewIdempotencyRow extends IdempotencyRow {
  readonly account_id: string;
  readonly created_at_ms: number;
}

const COLUMNS = 'key, body_hash, video_id, expires_at_ms, held_until_ms';
const INSERT = 'INTO idempotency_keys (account_id, key, body_hash, video_id, created_at_ms, expires_at_ms, held_until_ms)';

/** The row that holds this key from now on: the given one, or an earlier one that has not expired. */
export function claimKey(db: D1Database, row: NewIdempotencyRow): Promise<IdempotencyRow> {
  const { account_id, key, created_at_ms: now_ms } = row;
  return lastOf(db, [
    db.prepare('DELETE FROM idempotency_keys WHERE account_id = ? AND key = ? AND expires_at_ms <= ?').bind(account_id, key, now_ms),
    db.prepare(`INSERT OR IGNORE ${INSERT} VALUES (?, ?, ?, ?, ?, ?, ?)`).bind(...values(row)),
    db.prepare(`SELECT ${COLUMNS} FROM idempotency_keys WHERE account_id = ? AND key = ?`).bind(account_id, key),
  ]);
}

/** The newest row without a key whose body was the same, or the given one where there is none. */
export function claimRetry(db: D1Database, row: NewIdempotencyRow): Promise<IdempotencyRow> {
  const same = "FROM idempotency_keys WHERE account_id = ? AND body_hash = ? AND key LIKE 'sdk:%' AND expires_at_ms > ?";
  const which = [row.account_id, row.body_hash, row.created_at_ms] as const;
  return lastOf(db, [
    db.prepare(`INSERT ${INSERT} SELECT ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 ${same})`).bind(...values(row), ...which),
    db.prepare(`SELECT ${COLUMNS} ${same} ORDER BY created_at_ms DESC, key LIMIT 1`).bind(...which),
  ]);
}

export async function insertRow(db: D1Database, row: NewIdempotencyRow): Promise<void> {
  await db
    .prepare(`INSERT ${INSERT} VALUES (?, ?, ?, ?, ?, ?, ?)`)
    .bind(...values(row))
    .run();
}

/**
 * Takes over a request that was broken off.
 * @returns false where another request was faster
 */
export async function takeOver(db: D1Database, account_id: string, row: IdempotencyRow, held_until_ms: number): Promise<boolean> {
  const { meta } = await db
    .prepare('UPDATE idempotency_keys SET held_until_ms = ? WHERE account_id = ? AND key = ? AND held_until_ms = ?')
    .bind(held_until_ms, account_id, row.key, row.held_until_ms)
    .run();
  return meta.changes === 1;
}

/** @param held_until_ms null: answered; 0: broken off, the next request goes on at once */
export async function settleKey(db: D1Database, account_id: string, key: string, held_until_ms: null | 0): Promise<void> {
  await db
    .prepare('UPDATE idempotency_keys SET held_until_ms = ? WHERE account_id = ? AND key = ?')
    .bind(held_until_ms, account_id, key)
    .run();
}

export async function deleteExpiredKeys(db: D1Database, now_ms: number): Promise<void> {
  await db.prepare('DELETE FROM idempotency_keys WHERE expires_at_ms <= ?').bind(now_ms).run();
}

function values(row: NewIdempotencyRow) {
  return [row.account_id, row.key, row.body_hash, row.video_id, row.created_at_ms, row.expires_at_ms, row.held_until_ms] as const;
}

async function lastOf(db: D1Database, statements: D1PreparedStatement[]): Promise<IdempotencyRow> {
  const results = await db.batch<IdempotencyRow>(statements);
  const row = results.at(-1)?.results[0];
  if (!row) throw new Error('an idempotency key was neither stored nor found');
  return row;
}
