/** Accounts and keys as rows of the edge's own tables: of a local stack, or of one that `everframe keys` prints SQL for. */
import { type ApiKey, hashApiKey, parseApiKey } from '@everframe/shared';
import type { LocalSecrets } from './secrets.ts';

/** What a stack uses of its D1 database. */
export interface Database {
  prepare(sql: string): {
    bind(...values: unknown[]): { run(): Promise<unknown> };
    first<Row>(): Promise<Row | null>;
  };
}

export interface Account {
  readonly id: string;
  readonly name: string;
}

export interface Statement {
  readonly sql: string;
  /** One for each question mark. */
  readonly values: readonly (string | number)[];
}

const DEVELOPMENT: Account = { id: 'acct_development', name: 'Development' };

/** The development account with the key that the installation keeps. Safe to repeat. */
export async function ensureDevelopmentAccount(db: Database, { api_key, key_pepper }: LocalSecrets): Promise<void> {
  const key = parseApiKey(api_key);
  if (!key) throw new Error('the stored API key does not parse');
  await addAccount(db, DEVELOPMENT, key, key_pepper);
}

export async function addAccount(db: Database, account: Account, key: ApiKey, key_pepper: string): Promise<void> {
  for (const { sql, values } of await accountStatements(account, key, key_pepper)) {
    await db
      .prepare(sql)
      .bind(...values)
      .run();
  }
}

/** What makes an account and its key known to the edge. Safe to repeat. */
export async function accountStatements({ id, name }: Account, key: ApiKey, key_pepper: string): Promise<readonly Statement[]> {
  const now_ms = Date.now();
  return [
    { sql: 'INSERT INTO accounts (id, name, created_at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', values: [id, name, now_ms] },
    {
      sql: 'INSERT INTO api_keys (id, account_id, hash, created_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      values: [key.id, id, await hashApiKey(key_pepper, key), now_ms],
    },
  ];
}

/** The id of an account that is made together with its first key. */
export function accountIdOf(key: ApiKey): string {
  return `acct_${key.id}`;
}
