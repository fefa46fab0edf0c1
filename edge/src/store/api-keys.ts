/** D1: API keys. */

export interface ApiKeyRow {
  readonly account_id: string;
  /** HMAC-SHA-256 of the key, lower-case hex. */
  readonly hash: string;
  readonly expires_at_ms: number | null;
  readonly revoked_at_ms: number | null;
}

export function findApiKey(db: D1Database, id: string): Promise<ApiKeyRow | null> {
  return db.prepare('SELECT account_id, hash, expires_at_ms, revoked_at_ms FROM api_keys WHERE id = ?').bind(id).first<ApiKeyRow>();
}
