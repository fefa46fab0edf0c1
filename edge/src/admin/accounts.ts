/** /admin/v1/accounts: accounts, and their money. */
import { CreateAccount, EverframeError, GrantCredits, JSON_BODY_MAX_BYTES, RefundVideo } from '@everframe/shared';
import type { Context } from 'hono';
import type { Entry } from '../accounts/ledger.ts';
import type { AppEnv } from '../env.ts';
import { parseLimit } from '../http/page.ts';
import { readCall } from '../http/read-call.ts';
import type { AccountView, LedgerEntry } from '../openapi/answers.ts';
import { type AccountRow, findAccount, insertAccount, listAccounts as listRows } from '../store/accounts.ts';
import { fromOutcome } from '../videos/outcome.ts';

export async function createAccount(c: Context<AppEnv>): Promise<Response> {
  const fields = await readCall(c.req.raw, CreateAccount, JSON_BODY_MAX_BYTES);
  const id = `acct_${crypto.randomUUID().replaceAll('-', '')}`;
  return c.json(toView(await insertAccount(c.env.DB, id, fields, Date.now())), 201);
}

export async function listAccounts(c: Context<AppEnv>): Promise<Response> {
  const limit = parseLimit(c.req.query('limit'));
  const rows = await listRows(c.env.DB, c.req.query('after') ?? '', limit + 1);
  const data = rows.slice(0, limit).map(toView);
  return c.json({ object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: rows.length > limit });
}

export async function getAccount(c: Context<AppEnv>): Promise<Response> {
  const row = await namedAccount(c);
  return c.json({ ...toView(row), ...(await c.env.ACCOUNT.getByName(row.id).summary()) });
}

/** The entries of the ledger, newest first. */
export async function listLedger(c: Context<AppEnv>): Promise<Response> {
  const { id } = await namedAccount(c);
  const limit = parseLimit(c.req.query('limit'));
  const after = c.req.query('after');
  const before = after === undefined ? null : Number(after);
  if (before !== null && !Number.isSafeInteger(before)) {
    throw new EverframeError('invalid_value', "'after' must be the id of an entry, as the list gives it.", { param: 'after' });
  }
  const entries = await c.env.ACCOUNT.getByName(id).entries({ before, limit: limit + 1 });
  const data = entries.slice(0, limit).map(toEntryView);
  return c.json({
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: entries.length > limit,
  });
}

export async function grantCredits(c: Context<AppEnv>): Promise<Response> {
  const { id: account_id } = await namedAccount(c);
  const { id, micro_usd } = await readCall(c.req.raw, GrantCredits, JSON_BODY_MAX_BYTES);
  const balance_micro_usd = await c.env.ACCOUNT.getByName(account_id).grant(`grant_${id}`, micro_usd);
  return c.json({ object: 'credit_grant', id, account_id, balance_micro_usd });
}

export async function refundVideo(c: Context<AppEnv>): Promise<Response> {
  const { id } = await namedAccount(c);
  const { video_id } = await readCall(c.req.raw, RefundVideo, JSON_BODY_MAX_BYTES);
  return c.json(toEntryView(fromOutcome(await c.env.ACCOUNT.getByName(id).refund(video_id))));
}

export async function namedAccount(c: Context<AppEnv>): Promise<AccountRow> {
  const id = c.req.param('id') ?? '';
  const row = await findAccount(c.env.DB, id);
  if (!row) throw new EverframeError('account_not_found', `There is no account '${id.slice(0, 60)}'.`);
  return row;
}

function toView({ created_at_ms, ...row }: AccountRow): AccountView {
  return { object: 'account' as const, ...row, created_at: Math.floor(created_at_ms / 1000) };
}

function toEntryView({ id, created_at_ms, ...entry }: Entry): LedgerEntry {
  return { id: String(id), object: 'ledger_entry' as const, ...entry, created_at: Math.floor(created_at_ms / 1000) };
}
