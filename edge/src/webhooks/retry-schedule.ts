/** When an event is sent again to an endpoint that did not take it: after 10 s, 30 s, 2 min, 10 min, 1 h, 6 h and 24 h. */
const DELAYS_SECONDS = [10, 30, 120, 600, 3600, 6 * 3600, 24 * 3600];

export const MAX_ATTEMPTS = DELAYS_SECONDS.length + 1;

/** @returns milliseconds to the next attempt; null after the last */
export function retryDelay(attempts: number): number | null {
  const seconds = DELAYS_SECONDS[attempts - 1];
  return seconds === undefined ? null : seconds * 1000;
}
