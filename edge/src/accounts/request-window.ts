/**
 * Counts one key's requests of the last minute, exactly: a sliding window, not a bucket that refills.
 * Kept in memory on purpose. The object leaves memory only when nobody has asked it for a while, or with a deployment;
 * what is lost then is at most one minute of counting, and a write for each request is saved.
 */
export const WINDOW_MS = 60_000;

export interface RateState {
  readonly allowed: boolean;
  /** Requests a minute. */
  readonly limit: number;
  readonly remaining: number;
  /** Until the next request is allowed where this one is not; else until the window is empty again. */
  readonly reset_ms: number;
}

export class RequestWindow {
  /** Unix milliseconds of the requests that were allowed, in order. */
  #times: number[] = [];

  /** A refused request does not count. */
  admit(limit: number, now_ms: number): RateState {
    const first = this.#times.findIndex((time) => time > now_ms - WINDOW_MS);
    this.#times = first < 0 ? [] : this.#times.slice(first);
    if (this.#times.length >= limit) {
      // So many must leave the window before one more fits; more than one where the limit was lowered.
      const leaving = this.#times[this.#times.length - limit] ?? now_ms;
      return { allowed: false, limit, remaining: 0, reset_ms: leaving + WINDOW_MS - now_ms };
    }
    this.#times.push(now_ms);
    return { allowed: true, limit, remaining: limit - this.#times.length, reset_ms: WINDOW_MS };
  }

  /** Whether nothing in it counts any more. */
  isEmpty(now_ms: number): boolean {
    return (this.#times.at(-1) ?? 0) <= now_ms - WINDOW_MS;
  }
}
