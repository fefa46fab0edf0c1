/** The development account and its key, as rows of the edge's own tables. Safe to repeat. */
import { hashApiKey, parseApiKey } from '@everframe/shared';
import type { LocalSecrets } from './secrets.ts';

/** What this file needs of a D1 database. */
export interface Database {
  prepare(sql: string): { bind(...values: unknown[]): { run(): Promise<unknown> } };
}

const ACCOUNT_ID = 'acct_development';

export async function ensureAccount(db: Database, { api_key, key_pepper }: LocalSecrets): Promise<void> {
  const key = parseApiKey(api_key);
  if (!key) throw new Error('the stored API key does not parse');
  const now = Date.now();
  await db
    .prepare('INSERT INTO accounts (id, name, created_at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
    .bind(ACCOUNT_ID, 'Development', now)
    .run();
  await db
    .prepare('INSERT INTO api_keys (id, account_id, hash, created_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
    .bind(key.id, ACCOUNT_ID, await hashApiKey(key_pepper, key), now)
    .run();
}
