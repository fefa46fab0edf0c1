/** D1: accounts and their keys, as the admin routes make and read them. */
import type { CreateAccount, CreateKey } from '@everframe/shared';
import { type Billing, parseScopes } from './api-keys.ts';

export interface AccountRow {
  readonly id: string;
  readonly name: string;
  readonly billing: Billing;
  readonly max_concurrent_videos: number | null;
  readonly requests_per_minute: number | null;
  readonly created_at_ms: number;
}

export interface KeyRow extends Omit<CreateKey, 'expires_at'> {
  readonly id: string;
  readonly account_id: string;
  readonly created_at_ms: number;
  readonly expires_at_ms: number | null;
  readonly revoked_at_ms: number | null;
}

const ACCOUNT = 'id, name, billing, max_concurrent_videos, requests_per_minute, created_at_ms';
const KEY = `id, account_id, name, scopes, requests_per_minute, budget_micro_usd, max_micro_usd_per_video,
  created_at_ms, expires_at_ms, revoked_at_ms`;

export async function insertAccount(db: D1Database, id: string, fields: CreateAccount, now_ms: number): Promise<AccountRow> {
  const { name, billing, max_concurrent_videos, requests_per_minute } = fields;
  await db
    .prepare(`INSERT INTO accounts (${ACCOUNT}) VALUES (?, ?, ?, ?, ?, ?)`)
    .bind(id, name, billing, max_concurrent_videos, requests_per_minute, now_ms)
    .run();
  return { id, ...fields, created_at_ms: now_ms };
}

export function findAccount(db: D1Database, id: string): Promise<AccountRow | null> {
  return db.prepare(`SELECT ${ACCOUNT} FROM accounts WHERE id = ?`).bind(id).first<AccountRow>();
}

/** By id, behind `after`. */
export async function listAccounts(db: D1Database, after: string, limit: number): Promise<AccountRow[]> {
  const { results } = await db
    .prepare(`SELECT ${ACCOUNT} FROM accounts WHERE id > ? ORDER BY id LIMIT ?`)
    .bind(after, limit)
    .all<AccountRow>();
  return results;
}

export async function insertKey(db: D1Database, key: KeyRow, hash: string): Promise<void> {
  await db.batch([insertKeyStatement(db, key, hash)]);
}

/** The old key ends and the new one begins in one step; a key that ends earlier keeps its end. */
export async function replaceKey(db: D1Database, old_id: string, ends_at_ms: number, key: KeyRow, hash: string): Promise<void> {
  await db.batch([
    db.prepare('UPDATE api_keys SET expires_at_ms = MIN(COALESCE(expires_at_ms, ?1), ?1) WHERE id = ?2').bind(ends_at_ms, old_id),
    insertKeyStatement(db, key, hash),
  ]);
}

export async function findKey(db: D1Database, id: string): Promise<KeyRow | null> {
  const row = await db.prepare(`SELECT ${KEY} FROM api_keys WHERE id = ?`).bind(id).first<StoredKey>();
  return row && toKey(row);
}

/** All of an account's keys, newest first. */
export async function listKeys(db: D1Database, account_id: string): Promise<KeyRow[]> {
  const { results } = await db
    .prepare(`SELECT ${KEY} FROM api_keys WHERE account_id = ? ORDER BY created_at_ms DESC, id`)
    .bind(account_id)
    .all<StoredKey>();
  return results.map(toKey);
}

/** The first revocation counts. */
export async function revokeKey(db: D1Database, id: string, now_ms: number): Promise<void> {
  await db.prepare('UPDATE api_keys SET revoked_at_ms = COALESCE(revoked_at_ms, ?) WHERE id = ?').bind(now_ms, id).run();
}

type StoredKey = Omit<KeyRow, 'scopes'> & { readonly scopes: string | null };

function toKey(row: StoredKey): KeyRow {
  return { ...row, scopes: parseScopes(row.scopes) };
}

function insertKeyStatement(db: D1Database, key: KeyRow, hash: string): D1PreparedStatement {
  return db
    .prepare(`INSERT INTO api_keys (${KEY}, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    .bind(
      ...[key.id, key.account_id, key.name, key.scopes && JSON.stringify(key.scopes), key.requests_per_minute, key.budget_micro_usd],
      ...[key.max_micro_usd_per_video, key.created_at_ms, key.expires_at_ms, key.revoked_at_ms, hash],
    );
}
