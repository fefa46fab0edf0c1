/**
 * An account's money in integer micro-USD: entries that are added and never changed, at most one of each kind and part
 * for a subject (a video, or a grant's own id). Only a reservation has parts: an endless video is paid for in blocks. The balance is their sum; totals are kept beside them, so that nobody has to
 * add up a year. Every function is one write between two awaits, and repeating it changes nothing.
 *
 *   grant +a   reserve -p, once or in parts   then, once: release +p with capture -c (0 <= c <= p)   and perhaps refund +c
 */
import { EverframeError } from '@everframe/shared';

export type EntryKind = 'grant' | 'reserve' | 'capture' | 'release' | 'refund';

export interface Entry {
  readonly id: number;
  /** A video's id, or a grant's. */
  readonly subject: string;
  readonly kind: EntryKind;
  /** Of a reservation that was extended, from 0; 0 for all others. */
  readonly part: number;
  /** Signed: what it adds to the balance. */
  readonly micro_usd: number;
  /** Of video: promised by a reservation, delivered by a capture. */
  readonly seconds: number;
  readonly key_id: string | null;
  readonly model: string | null;
  readonly created_at_ms: number;
}

export interface Reservation {
  readonly video_id: string;
  readonly key_id: string;
  readonly model: string;
  readonly seconds: number;
  readonly micro_usd: number;
}

export interface Spending {
  /** Credits are not asked for: the balance may fall below 0. */
  readonly unlimited: boolean;
  /** What the key may spend in all. */
  readonly key_budget_micro_usd: number | null;
}

/** What a video delivered, and what that costs. */
export interface Delivery {
  readonly micro_usd: number;
  readonly seconds: number;
}

/** The part of a Durable Object's SQLite that is used here. */
export interface Sql {
  exec<Row extends Record<string, SqlStorageValue>>(query: string, ...values: unknown[]): { toArray(): Row[] };
}

const BALANCE = 'balance';
const spentBy = (key_id: string) => `key ${key_id}`;

const COLUMNS = 'id, subject, kind, micro_usd, seconds, key_id, model, created_at_ms';

export function createLedger(sql: Sql): void {
  const [older] = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'ledger' AND sql NOT LIKE '%part INTEGER%'").toArray();
  // A constraint can't be altered. One stretch without an await, so that no break leaves half of it.
  if (older) sql.exec('ALTER TABLE ledger RENAME TO ledger_without_parts');
  sql.exec(`
    CREATE TABLE IF NOT EXISTS ledger (
      id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, kind TEXT NOT NULL, part INTEGER NOT NULL DEFAULT 0,
      micro_usd INTEGER NOT NULL, seconds REAL NOT NULL, key_id TEXT, model TEXT, created_at_ms INTEGER NOT NULL,
      UNIQUE (subject, kind, part)
    )`);
  if (older) {
    sql.exec(`INSERT INTO ledger (${COLUMNS}) SELECT ${COLUMNS} FROM ledger_without_parts ORDER BY id`);
    sql.exec('DROP TABLE ledger_without_parts');
  }
  sql.exec('CREATE TABLE IF NOT EXISTS totals (name TEXT PRIMARY KEY, micro_usd INTEGER NOT NULL)');
}

export function balanceOf(sql: Sql): number {
  return total(sql, BALANCE);
}

/** What the key has reserved and been charged, less what was refunded. */
export function spentOf(sql: Sql, key_id: string): number {
  return 0 - total(sql, spentBy(key_id));
}

/** @returns false where this grant was made before */
export function grant(sql: Sql, id: string, micro_usd: number, now_ms: number): boolean {
  return addEntry(sql, { subject: id, kind: 'grant', micro_usd, seconds: 0, key_id: null, model: null, created_at_ms: now_ms });
}

/** @throws EverframeError where credits or the key's budget do not suffice */
export function reserve(sql: Sql, { video_id, key_id, model, seconds, micro_usd }: Reservation, spending: Spending, now_ms: number): void {
  if (findEntry(sql, video_id, 'release')) {
    throw new EverframeError(
      'reservation_expired',
      'An earlier try of this request broke off too long ago. Send it again with another Idempotency-Key.',
    );
  }
  if (findEntry(sql, video_id, 'reserve')) return;
  const balance = balanceOf(sql);
  if (!spending.unlimited && balance < micro_usd) {
    throw new EverframeError(
      'insufficient_credits',
      `The video costs ${micro_usd} micro-USD; the account has ${balance}. Add credits, or ask for fewer seconds.`,
    );
  }
  const budget = spending.key_budget_micro_usd;
  const spent = spentOf(sql, key_id);
  if (budget !== null && spent + micro_usd > budget) {
    throw new EverframeError(
      'key_budget_exceeded',
      `The video costs ${micro_usd} micro-USD; this key may spend ${budget} and has spent ${spent}. Raise its budget, or use another key.`,
    );
  }
  addEntry(sql, { subject: video_id, kind: 'reserve', micro_usd: -micro_usd, seconds, key_id, model, created_at_ms: now_ms });
}

export interface Extension {
  readonly video_id: string;
  /** From 1; the first reservation is part 0. */
  readonly part: number;
  /** At most so many more. */
  readonly seconds: number;
  readonly micro_usd_per_second: number;
}

/**
 * Puts another block of a running video's price aside, or as many whole seconds of it as can be paid. Safe to repeat: a part
 * that is there stays as it is.
 * @returns seconds of that part; 0 where nothing more can be paid, or nothing is reserved any more
 */
export function extend(
  sql: Sql,
  extension: Extension,
  spending: Spending & { readonly video_max_micro_usd: number | null },
  now_ms: number,
): number {
  const { video_id, part, seconds, micro_usd_per_second } = extension;
  const before = findEntry(sql, video_id, 'reserve', part);
  if (before) return before.seconds;
  const first = findEntry(sql, video_id, 'reserve');
  if (!first || findEntry(sql, video_id, 'release')) return 0;
  const { subject, key_id, model } = first;
  const room = [
    spending.unlimited ? null : balanceOf(sql),
    spending.key_budget_micro_usd === null ? null : spending.key_budget_micro_usd - spentOf(sql, key_id ?? ''),
    spending.video_max_micro_usd === null ? null : spending.video_max_micro_usd - reservedFor(sql, video_id),
  ].filter((micro_usd) => micro_usd !== null);
  const payable =
    micro_usd_per_second === 0 ? seconds : Math.floor(Math.min(...room, seconds * micro_usd_per_second) / micro_usd_per_second);
  if (payable < 1) return 0;
  // Without the sign of -0, which SQLite would store as a float.
  const micro_usd = 0 - payable * micro_usd_per_second;
  addEntry(sql, { subject, kind: 'reserve', part, micro_usd, seconds: payable, key_id, model, created_at_ms: now_ms });
  return payable;
}

/** The sum of a video's reservations. */
function reservedFor(sql: Sql, video_id: string): number {
  const [row] = sql
    .exec<{ micro_usd: number }>(
      "SELECT COALESCE(SUM(-micro_usd), 0) AS micro_usd FROM ledger WHERE subject = ? AND kind = 'reserve'",
      video_id,
    )
    .toArray();
  return row?.micro_usd ?? 0;
}

/**
 * Ends a reservation: all of it comes back, and what was delivered is charged. The first end counts.
 * @returns false where there is nothing to end
 */
export function settle(sql: Sql, video_id: string, delivery: Delivery, now_ms: number): boolean {
  const first = findEntry(sql, video_id, 'reserve');
  if (!first || findEntry(sql, video_id, 'release')) return false;
  const reserved = reservedFor(sql, video_id);
  const charged = Math.min(delivery.micro_usd, reserved);
  const { subject, key_id, model } = first;
  addEntry(sql, { subject, kind: 'release', micro_usd: reserved, seconds: 0, key_id, model, created_at_ms: now_ms });
  if (delivery.seconds > 0) {
    // Without the sign of -0, which SQLite would store as a float.
    const micro_usd = 0 - charged;
    addEntry(sql, { subject, kind: 'capture', micro_usd, seconds: delivery.seconds, key_id, model, created_at_ms: now_ms });
  }
  return true;
}

/**
 * Gives back what a video was charged. Safe to repeat.
 * @throws EverframeError where nothing was charged
 */
export function refund(sql: Sql, video_id: string, now_ms: number): Entry {
  const before = findEntry(sql, video_id, 'refund');
  if (before) return before;
  const captured = findEntry(sql, video_id, 'capture');
  if (!captured || captured.micro_usd === 0) {
    throw new EverframeError('nothing_to_refund', `Nothing was charged for '${video_id.slice(0, 60)}', so there is nothing to give back.`);
  }
  const { subject, key_id, model, seconds } = captured;
  addEntry(sql, { subject, kind: 'refund', micro_usd: -captured.micro_usd, seconds, key_id, model, created_at_ms: now_ms });
  return mustFind(sql, video_id, 'refund');
}

export function findEntry(sql: Sql, subject: string, kind: EntryKind, part = 0): Entry | undefined {
  const [row] = sql.exec<Row>('SELECT * FROM ledger WHERE subject = ? AND kind = ? AND part = ?', subject, kind, part).toArray();
  return row && toEntry(row);
}

/** The newest entries behind an id, newest first. */
export function listEntries(sql: Sql, { before, limit }: { readonly before: number | null; readonly limit: number }): Entry[] {
  const rows = sql.exec<Row>('SELECT * FROM ledger WHERE id < ? ORDER BY id DESC LIMIT ?', before ?? Number.MAX_SAFE_INTEGER, limit);
  return rows.toArray().map(toEntry);
}

type Row = Record<keyof Entry, SqlStorageValue>;

function toEntry(row: Row): Entry {
  return { ...(row as unknown as Entry), kind: row.kind as EntryKind };
}

function mustFind(sql: Sql, subject: string, kind: EntryKind): Entry {
  const entry = findEntry(sql, subject, kind);
  if (!entry) throw new Error(`no ${kind} of ${subject}`);
  return entry;
}

/** @returns false where the subject has such an entry of that part */
function addEntry(sql: Sql, { part = 0, ...entry }: Omit<Entry, 'id' | 'part'> & { readonly part?: number }): boolean {
  if (findEntry(sql, entry.subject, entry.kind, part)) return false;
  sql.exec(
    'INSERT INTO ledger (subject, kind, part, micro_usd, seconds, key_id, model, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ...[entry.subject, entry.kind, part, entry.micro_usd, entry.seconds, entry.key_id, entry.model, entry.created_at_ms],
  );
  addToTotal(sql, BALANCE, entry.micro_usd);
  if (entry.key_id !== null) addToTotal(sql, spentBy(entry.key_id), entry.micro_usd);
  return true;
}

function addToTotal(sql: Sql, name: string, micro_usd: number): void {
  sql.exec(
    'INSERT INTO totals (name, micro_usd) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET micro_usd = micro_usd + excluded.micro_usd',
    ...[name, micro_usd],
  );
}

function total(sql: Sql, name: string): number {
  const [row] = sql.exec<{ micro_usd: number }>('SELECT micro_usd FROM totals WHERE name = ?', name).toArray();
  return row?.micro_usd ?? 0;
}
