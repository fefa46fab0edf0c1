/**
 * Keys of an account. A key is shown once, when it is made. A key that is revoked or changed here is refused from the
 * next request on: the edge reads the row each time and caches none.
 */
import { type ApiKey, CreateKey, createApiKey, EverframeError, hashApiKey, JSON_BODY_MAX_BYTES, RotateKey } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { readCall } from '../http/read-call.ts';
import type { ApiKeyView } from '../openapi/answers.ts';
import { findKey, insertKey, type KeyRow, listKeys as listRows, replaceKey, revokeKey as revokeRow } from '../store/accounts.ts';
import { namedAccount } from './accounts.ts';

export async function createKey(c: Context<AppEnv>): Promise<Response> {
  const { id: account_id } = await namedAccount(c);
  const { expires_at, ...fields } = await readCall(c.req.raw, CreateKey, JSON_BODY_MAX_BYTES);
  if (expires_at !== null && expires_at * 1000 <= Date.now()) {
    throw new EverframeError('invalid_value', `'expires_at' must lie in the future, in Unix seconds; got ${expires_at}.`, {
      param: 'expires_at',
    });
  }
  const key = createApiKey();
  const expires_at_ms = expires_at === null ? null : expires_at * 1000;
  const row: KeyRow = { ...fields, id: key.id, account_id, created_at_ms: Date.now(), expires_at_ms, revoked_at_ms: null };
  await insertKey(c.env.DB, row, await hashApiKey(c.get('settings').keyPepper, key));
  return c.json(toViewWithKey(row, key), 201);
}

export async function listKeys(c: Context<AppEnv>): Promise<Response> {
  const { id } = await namedAccount(c);
  return c.json({ object: 'list', data: (await listRows(c.env.DB, id)).map(toView), has_more: false });
}

export async function revokeKey(c: Context<AppEnv>): Promise<Response> {
  const { id } = await namedKey(c);
  await revokeRow(c.env.DB, id, Date.now());
  return c.json(toView(await namedKey(c)));
}

/** A new key with the bounds of the old one, which goes on working for a while. What the old one spent is not carried over. */
export async function rotateKey(c: Context<AppEnv>): Promise<Response> {
  const old = await namedKey(c);
  const { overlap_seconds } = await readCall(c.req.raw, RotateKey, JSON_BODY_MAX_BYTES);
  const now_ms = Date.now();
  if (old.revoked_at_ms !== null || (old.expires_at_ms !== null && old.expires_at_ms <= now_ms)) {
    throw new EverframeError('invalid_value', `The key '${old.id}' has ended: make a new one.`);
  }
  const key = createApiKey();
  const row: KeyRow = { ...old, id: key.id, created_at_ms: now_ms };
  await replaceKey(c.env.DB, old.id, now_ms + overlap_seconds * 1000, row, await hashApiKey(c.get('settings').keyPepper, key));
  return c.json(toViewWithKey(row, key), 201);
}

async function namedKey(c: Context<AppEnv>): Promise<KeyRow> {
  const id = c.req.param('id') ?? '';
  const row = await findKey(c.env.DB, id);
  if (!row)
    throw new EverframeError('key_not_found', `There is no key '${id.slice(0, 60)}': name it by the 8 characters after 'ef_live_'.`);
  return row;
}

function toView({ created_at_ms, expires_at_ms, revoked_at_ms, ...row }: KeyRow): ApiKeyView {
  return {
    object: 'api_key' as const,
    ...row,
    created_at: Math.floor(created_at_ms / 1000),
    expires_at: expires_at_ms === null ? null : Math.ceil(expires_at_ms / 1000),
    revoked_at: revoked_at_ms === null ? null : Math.floor(revoked_at_ms / 1000),
  };
}

/** Only here the key itself is shown. */
function toViewWithKey(row: KeyRow, key: ApiKey) {
  return { ...toView(row), key: key.text };
}
