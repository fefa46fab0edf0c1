/**
 * Counts a request against its key's bound and says so in headers: OpenAI's names, and the `RateLimit` fields of
 * draft-ietf-httpapi-ratelimit-headers-10. A key without a bound is not counted.
 */
import { EverframeError } from '@everframe/shared';
import type { Context } from 'hono';
import { type RateState, WINDOW_MS } from '../accounts/request-window.ts';
import type { AppEnv } from '../env.ts';
import type { ApiKeyRow } from '../store/api-keys.ts';

export async function countRequest(c: Context<AppEnv>, { id, account_id, requests_per_minute }: ApiKeyRow): Promise<void> {
  if (requests_per_minute === null) return;
  const state = await c.env.ACCOUNT.getByName(account_id).admit(id, requests_per_minute);
  answerFor(c, state, (wait) => `This key may send ${state.limit} requests a minute. Send the next in ${wait}.`);
}

/**
 * A client without a key counts by its address.
 * @param visitor a name for it that is not the address itself
 * @param sentence what to say at the bound, given how long to wait
 */
export async function countVisitor(
  c: Context<AppEnv>,
  visitor: string,
  requests_per_minute: number,
  sentence: (wait: string, limit: number) => string,
): Promise<void> {
  // The object counts in memory and stores nothing for a name that is no account.
  const state = await c.env.ACCOUNT.getByName(`visitor_${visitor}`).admit(visitor, requests_per_minute);
  answerFor(c, state, (wait) => sentence(wait, state.limit));
}

/** @throws EverframeError where the bound is reached. @param sentence what to say then, given how long to wait */
function answerFor(c: Context<AppEnv>, state: RateState, sentence: (wait: string) => string): void {
  setHeaders(c, state);
  if (state.allowed) return;
  c.header('retry-after', String(seconds(state.reset_ms)));
  c.header('retry-after-ms', String(state.reset_ms));
  throw new EverframeError('rate_limit_exceeded', sentence(`${seconds(state.reset_ms)} s`));
}

function setHeaders(c: Context<AppEnv>, { limit, remaining, reset_ms }: RateState): void {
  c.header('x-ratelimit-limit-requests', String(limit));
  c.header('x-ratelimit-remaining-requests', String(remaining));
  c.header('x-ratelimit-reset-requests', `${(reset_ms / 1000).toFixed(3).replace(/\.?0+$/, '')}s`);
  c.header('ratelimit-policy', `"requests";q=${limit};w=${WINDOW_MS / 1000}`);
  c.header('ratelimit', `"requests";r=${remaining};t=${seconds(reset_ms)}`);
}

/** Whole, and never too early. */
function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}
