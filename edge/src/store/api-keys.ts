/** D1: API keys, with what binds their account. Read with each request and never cached, so a change counts from the next one. */
import type { Scope } from '@everframe/shared';

export type Billing = 'prepaid' | 'unlimited';

export interface ApiKeyRow {
  readonly id: string;
  readonly account_id: string;
  /** HMAC-SHA-256 of the key, lower-case hex. */
  readonly hash: string;
  readonly expires_at_ms: number | null;
  readonly revoked_at_ms: number | null;
  /** Null: all of them. */
  readonly scopes: readonly Scope[] | null;
  readonly budget_micro_usd: number | null;
  readonly max_micro_usd_per_video: number | null;
  /** The key's own bound, else its account's. */
  readonly requests_per_minute: number | null;
  readonly billing: Billing;
  readonly max_concurrent_videos: number | null;
}

export async function findApiKey(db: D1Database, id: string): Promise<ApiKeyRow | null> {
  const row = await db
    .prepare(
      `SELECT k.id, k.account_id, k.hash, k.expires_at_ms, k.revoked_at_ms, k.scopes, k.budget_micro_usd, k.max_micro_usd_per_video,
         COALESCE(k.requests_per_minute, a.requests_per_minute) AS requests_per_minute, a.billing, a.max_concurrent_videos
       FROM api_keys AS k JOIN accounts AS a ON a.id = k.account_id WHERE k.id = ?`,
    )
    .bind(id)
    .first<Omit<ApiKeyRow, 'scopes'> & { scopes: string | null }>();
  return row && { ...row, scopes: parseScopes(row.scopes) };
}

export function parseScopes(text: string | null): Scope[] | null {
  return text === null ? null : (JSON.parse(text) as Scope[]);
}
