/**
 * GET /v1/usage?start_date&end_date&format: what the account was charged, by UTC day, key and model; CSV by `format=csv`
 * or `accept: text/csv`.
 */
import { EverframeError, USAGE_MAX_DAYS } from '@everframe/shared';
import type { Context } from 'hono';
import type { UsageRow } from '../accounts/usage.ts';
import type { AppEnv } from '../env.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_DAYS = 30;
const COLUMNS = ['day', 'key_id', 'model', 'videos', 'seconds', 'charged_micro_usd', 'refunded_micro_usd'] as const;

export async function getUsage(c: Context<AppEnv>): Promise<Response> {
  const format = parseFormat(c);
  // Both days are meant whole.
  const end_ms = parseDay(c, 'end_date') ?? startOfDay(Date.now());
  const start_ms = parseDay(c, 'start_date') ?? end_ms - (DEFAULT_DAYS - 1) * DAY_MS;
  const days = (end_ms - start_ms) / DAY_MS + 1;
  if (days < 1 || days > USAGE_MAX_DAYS) {
    throw new EverframeError(
      'invalid_value',
      `'start_date' must lie at most ${USAGE_MAX_DAYS} days before 'end_date', and not behind it.`,
      {
        param: 'start_date',
      },
    );
  }
  const rows = await c.env.ACCOUNT.getByName(c.get('account_id')).usage(start_ms, end_ms + DAY_MS);
  if (format === 'csv') return c.body(toCsv(rows), 200, { 'content-type': 'text/csv; charset=utf-8' });
  return c.json({ object: 'usage', start_date: dayOf(start_ms), end_date: dayOf(end_ms), currency: 'usd', data: rows });
}

/** RFC 4180. No value of ours holds a comma, quote or line break: days, ids, names of packages and numbers. */
function toCsv(rows: readonly UsageRow[]): string {
  return [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column]))].map((cells) => `${cells.join(',')}\r\n`).join('');
}

function parseFormat(c: Context<AppEnv>): 'json' | 'csv' {
  const value = c.req.query('format') ?? (c.req.header('accept')?.includes('text/csv') ? 'csv' : 'json');
  if (value === 'json' || value === 'csv') return value;
  throw new EverframeError('invalid_value', `'format' must be 'json' or 'csv'; got '${value.slice(0, 60)}'.`, { param: 'format' });
}

/** @returns Unix milliseconds of its first moment; undefined where it is not given */
function parseDay(c: Context<AppEnv>, param: string): number | undefined {
  const value = c.req.query(param);
  if (value === undefined) return undefined;
  const day_ms = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(day_ms) && dayOf(day_ms) === value) return day_ms;
  throw new EverframeError('invalid_value', `'${param}' must be a day as YYYY-MM-DD; got '${value.slice(0, 60)}'.`, { param });
}

function dayOf(unix_ms: number): string {
  return new Date(unix_ms).toISOString().slice(0, 10);
}

function startOfDay(unix_ms: number): number {
  return unix_ms - (unix_ms % DAY_MS);
}
