/** The SQLite tables of one account's webhooks, and every statement on them. */
import type { WebhookEvent, WebhookEventType } from '@everframe/shared';
import type { Attempt } from './deliver.ts';

export interface Endpoint {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly event_types: readonly WebhookEventType[];
  readonly secret: string;
  /** Signs beside `secret` until `old_secret_ends_at_ms`. */
  readonly old_secret: string | null;
  readonly old_secret_ends_at_ms: number | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

export type DeliveryStatus = 'pending' | 'delivered' | 'failed';

export interface Delivery {
  readonly id: number;
  readonly event_id: string;
  readonly endpoint_id: string;
  readonly type: WebhookEventType;
  readonly body: string;
  readonly status: DeliveryStatus;
  readonly attempts: readonly Attempt[];
  readonly due_at_ms: number | null;
  readonly created_at_ms: number;
}

export function createTables(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS endpoints (id TEXT PRIMARY KEY, created_at_ms INTEGER NOT NULL, endpoint TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS deliveries (
      id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, endpoint_id TEXT NOT NULL, video_id TEXT NOT NULL,
      type TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL, attempts TEXT NOT NULL, due_at_ms INTEGER,
      created_at_ms INTEGER NOT NULL, UNIQUE (event_id, endpoint_id)
    );
    CREATE INDEX IF NOT EXISTS deliveries_by_due ON deliveries (due_at_ms);
    CREATE INDEX IF NOT EXISTS deliveries_by_video ON deliveries (video_id);
  `);
}

/** The tables come with the first endpoint: most accounts have none. */
export function hasTables(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'endpoints'").toArray().length > 0;
}

export function saveEndpoint(sql: SqlStorage, endpoint: Endpoint): void {
  const { id, created_at_ms } = endpoint;
  sql.exec('INSERT OR REPLACE INTO endpoints (id, created_at_ms, endpoint) VALUES (?, ?, ?)', id, created_at_ms, JSON.stringify(endpoint));
}

/** Newest first, as OpenAI lists them. */
export function listEndpoints(sql: SqlStorage): Endpoint[] {
  const rows = sql.exec<{ endpoint: string }>('SELECT endpoint FROM endpoints ORDER BY created_at_ms DESC, id DESC').toArray();
  return rows.map(({ endpoint }) => JSON.parse(endpoint) as Endpoint);
}

export function findEndpoint(sql: SqlStorage, id: string): Endpoint | undefined {
  const [row] = sql.exec<{ endpoint: string }>('SELECT endpoint FROM endpoints WHERE id = ?', id).toArray();
  return row && (JSON.parse(row.endpoint) as Endpoint);
}

export function deleteEndpoint(sql: SqlStorage, id: string): void {
  sql.exec('DELETE FROM endpoints WHERE id = ?', id);
  sql.exec('DELETE FROM deliveries WHERE endpoint_id = ?', id);
}

/** An event goes to an endpoint once, however often it is put here. */
export function addDelivery(sql: SqlStorage, endpoint_id: string, event: WebhookEvent, now_ms: number): void {
  sql.exec(
    `INSERT OR IGNORE INTO deliveries (event_id, endpoint_id, video_id, type, body, status, attempts, due_at_ms, created_at_ms)
     VALUES (?, ?, ?, ?, ?, 'pending', '[]', ?, ?)`,
    ...[event.id, endpoint_id, event.data.id, event.type, JSON.stringify(event), now_ms, now_ms],
  );
}

export function dueDeliveries(sql: SqlStorage, now_ms: number, limit: number): Delivery[] {
  return read(sql.exec<Row>('SELECT * FROM deliveries WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT ?', now_ms, limit));
}

/** An endpoint's deliveries, newest first. */
export function listDeliveries(sql: SqlStorage, endpoint_id: string, before: number, limit: number): Delivery[] {
  return read(
    sql.exec<Row>('SELECT * FROM deliveries WHERE endpoint_id = ? AND id < ? ORDER BY id DESC LIMIT ?', endpoint_id, before, limit),
  );
}

export function recordAttempt(
  sql: SqlStorage,
  delivery: Delivery,
  attempt: Attempt,
  status: DeliveryStatus,
  due_at_ms: number | null,
): void {
  const attempts = JSON.stringify([...delivery.attempts, attempt]);
  sql.exec('UPDATE deliveries SET attempts = ?, status = ?, due_at_ms = ? WHERE id = ?', attempts, status, due_at_ms, delivery.id);
}

export function forgetVideo(sql: SqlStorage, video_id: string): void {
  sql.exec('DELETE FROM deliveries WHERE video_id = ?', video_id);
}

export function forgetBefore(sql: SqlStorage, before_ms: number): void {
  sql.exec('DELETE FROM deliveries WHERE created_at_ms < ?', before_ms);
}

export function firstDue(sql: SqlStorage): number | null {
  return sql.exec<{ at_ms: number | null }>('SELECT MIN(due_at_ms) AS at_ms FROM deliveries').one().at_ms;
}

export function firstCreated(sql: SqlStorage): number | null {
  return sql.exec<{ at_ms: number | null }>('SELECT MIN(created_at_ms) AS at_ms FROM deliveries').one().at_ms;
}

type Row = Record<keyof Delivery, SqlStorageValue>;

function read(cursor: SqlStorageCursor<Row>): Delivery[] {
  return cursor.toArray().map((row) => ({ ...(row as unknown as Delivery), attempts: JSON.parse(String(row.attempts)) as Attempt[] }));
}
