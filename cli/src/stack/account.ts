/** Accounts and keys of a local stack, as rows of the edge's own tables. */
import { type ApiKey, hashApiKey, parseApiKey } from '@everframe/shared';
import type { LocalSecrets } from './secrets.ts';

/** What a stack uses of its D1 database. */
export interface Database {
  prepare(sql: string): {
    bind(...values: unknown[]): { run(): Promise<unknown> };
    first<Row>(): Promise<Row | null>;
  };
}

const DEVELOPMENT = { id: 'acct_development', name: 'Development' };

/** The development account with the key that the installation keeps. Safe to repeat. */
export async function ensureDevelopmentAccount(db: Database, { api_key, key_pepper }: LocalSecrets): Promise<void> {
  const key = parseApiKey(api_key);
  if (!key) throw new Error('the stored API key does not parse');
  await addAccount(db, DEVELOPMENT, key, key_pepper);
}

export async function addAccount(db: Database, account: { id: string; name: string }, key: ApiKey, key_pepper: string): Promise<void> {
  const now = Date.now();
  await db
    .prepare('INSERT INTO accounts (id, name, created_at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
    .bind(account.id, account.name, now)
    .run();
  await db
    .prepare('INSERT INTO api_keys (id, account_id, hash, created_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
    .bind(key.id, account.id, await hashApiKey(key_pepper, key), now)
    .run();
}
