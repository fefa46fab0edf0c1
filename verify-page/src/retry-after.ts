/** How long a service that refuses for now wants to be left alone (RFC 9110, section 10.2.3): seconds, or a date. */

/** @param header undefined or null where there was none @returns milliseconds, a second at least and a minute at most */
export function retryAfterMs(header: string | null | undefined, now_ms: number): number {
  const text = header?.trim() ?? '';
  const wanted_ms = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - now_ms;
  return Math.min(Math.max(Number.isNaN(wanted_ms) ? SHORTEST_MS : wanted_ms, SHORTEST_MS), LONGEST_MS);
}

const SHORTEST_MS = 1000;
const LONGEST_MS = 60_000;
