/**
 * Keeps one claimed video ours: beats at a third of the lease or more often, never two at once. When the lease is lost,
 * or may be because no beat got through in time, `signal` aborts and all work on the video must stop.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Directive, LeaseAnswer } from '@everframe/shared';
import { type EdgeClient, EdgeError } from './edge-client.ts';

/** The reason in `signal.reason` once another worker may own the video. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** A sixth of a short lease leaves time to try again before it runs out. */
const FAILED_BEAT_PAUSE_MS = 1000;
/** A prompt for a video whose chunks take long must not wait for a commit. */
const LISTEN_EVERY_MS = 3000;

export class Lease {
  readonly video_id: string;
  readonly epoch: number;
  readonly #edge: EdgeClient;
  readonly #lost = new AbortController();
  readonly #ended = new AbortController();
  #ticket: string;
  #lease_ms: number;
  #renewed_at_ms: number;
  #hear: (directives: readonly Directive[]) => void = () => undefined;

  /** @param asked_at_ms when the claim was sent: the lease can't be older than that by the edge's clock */
  constructor(edge: EdgeClient, video_id: string, claim: LeaseAnswer & { epoch: number }, asked_at_ms: number) {
    this.#edge = edge;
    this.video_id = video_id;
    this.epoch = claim.epoch;
    this.#ticket = claim.ticket;
    this.#lease_ms = claim.lease_seconds * 1000;
    this.#renewed_at_ms = asked_at_ms;
    void this.#keep();
  }

  /** Aborted when the lease is lost. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** The newest upload ticket. */
  get ticket(): string {
    return this.#ticket;
  }

  /** A commit renews the lease as a beat does. */
  renew(answer: LeaseAnswer, asked_at_ms: number): void {
    this.#ticket = answer.ticket;
    this.#lease_ms = answer.lease_seconds * 1000;
    this.#renewed_at_ms = Math.max(this.#renewed_at_ms, asked_at_ms);
    this.#hear(answer.directives ?? []);
  }

  /** @param hear is called with what each answer asks for, the same as before included */
  listen(hear: (directives: readonly Directive[]) => void): void {
    this.#hear = hear;
  }

  /** Stops beating. The lease itself ends by complete, fail, release or its own running out. */
  end(): void {
    this.#ended.abort();
  }

  async #keep(): Promise<void> {
    const { signal: ended } = this.#ended;
    let pause_ms = 0;
    while (!ended.aborted && !this.#lost.signal.aborted) {
      const due_ms = this.#renewed_at_ms + this.#interval_ms;
      const left_ms = this.#renewed_at_ms + this.#lease_ms - Date.now();
      await sleep(Math.max(10, due_ms - Date.now(), Math.min(pause_ms, left_ms)), undefined, { signal: ended }).catch(() => undefined);
      if (ended.aborted) return;
      if (Date.now() < this.#renewed_at_ms + this.#interval_ms) continue;
      pause_ms = (await this.#beat(ended)) ? 0 : Math.min(FAILED_BEAT_PAUSE_MS, this.#lease_ms / 6);
    }
  }

  get #interval_ms(): number {
    return Math.min(this.#lease_ms / 3, LISTEN_EVERY_MS);
  }

  /** @returns whether the edge renewed the lease */
  async #beat(ended: AbortSignal): Promise<boolean> {
    const asked_at_ms = Date.now();
    const runs_out_at_ms = this.#renewed_at_ms + this.#lease_ms;
    try {
      const in_time = AbortSignal.timeout(Math.max(1, runs_out_at_ms - asked_at_ms));
      this.renew(await this.#edge.beat(this.video_id, this.epoch, AbortSignal.any([ended, in_time])), asked_at_ms);
      return true;
    } catch (cause) {
      if (ended.aborted) return false;
      const refused = cause instanceof EdgeError && cause.code !== 'unreachable';
      // A commit may have renewed the lease while the beat hung.
      const over = Date.now() >= this.#renewed_at_ms + this.#lease_ms;
      if (refused || over) this.#lost.abort(new LeaseLost(`the lease on ${this.video_id} was lost`, { cause }));
      return false;
    }
  }
}
