/** One attempt to deliver an event. It never throws: how it went is for the log and the next attempt. */
import { describeError, EverframeError } from '@everframe/shared';
import { fetchOutside, type OutboundRules } from '../http/outbound-guard.ts';
import { signatureHeaders } from './signature.ts';

export interface Attempt {
  /** Unix milliseconds. */
  readonly at_ms: number;
  readonly duration_ms: number;
  /** Null where nothing answered. */
  readonly status_code: number | null;
  /** Why it does not count as delivered; null where it does. */
  readonly error: string | null;
}

export interface Parcel {
  readonly url: string;
  readonly secrets: readonly string[];
  readonly event_id: string;
  readonly body: string;
}

const TIMEOUT_MS = 10_000;
const AGENT = 'Everframe-Webhooks/1';

export async function deliver({ url, secrets, event_id, body }: Parcel, rules: OutboundRules): Promise<Attempt> {
  return post(url, body, (timestamp) => signatureHeaders(secrets, { id: event_id, timestamp, body }), rules);
}

/** @param sign the headers that prove who sent it, at a time in Unix seconds */
export async function post(
  url: string,
  body: string,
  sign: (timestamp: number) => Promise<Readonly<Record<string, string>>>,
  rules: OutboundRules,
): Promise<Attempt> {
  const at_ms = Date.now();
  const ended = (status_code: number | null, error: string | null): Attempt => ({
    ...{ at_ms, duration_ms: Date.now() - at_ms, status_code, error },
  });
  try {
    const headers = { ...(await sign(Math.floor(at_ms / 1000))), 'content-type': 'application/json', 'user-agent': AGENT };
    const response = await fetchOutside(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) }, rules);
    await response.body?.cancel();
    if (response.ok) return ended(response.status, null);
    const is_redirect = response.status >= 300 && response.status < 400;
    return ended(response.status, is_redirect ? 'redirects are not followed' : `answered ${response.status}`);
  } catch (error) {
    if (error instanceof EverframeError) return ended(null, error.message);
    const timed_out = error instanceof Error && error.name === 'TimeoutError';
    return ended(null, timed_out ? `no answer within ${TIMEOUT_MS / 1000} s` : describeError(error).slice(0, 200));
  }
}
