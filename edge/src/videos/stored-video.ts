/**
 * The video that an object keeps: its state, what follows from every step of it, and the one alarm for lease, outbox and
 * expiry. It knows nothing of who asks.
 */
import { type Directive, describeError, isFinished } from '@everframe/shared';
import { type Env, readSettings } from '../env.ts';
import { tellReaders } from '../events/event-readers.ts';
import { toPublicEvents } from '../events/public-events.ts';
import { log } from '../log.ts';
import { eraseAt } from './erasure.ts';
import { nextErrandAt, putErrand } from './outbox.ts';
import { unansweredPrompts } from './prompt-table.ts';
import { restampWait } from './restamp.ts';
import * as transitions from './transitions.ts';
import { videoNotFound } from './video-id.ts';
import type { VideoState } from './video-state.ts';
import * as tables from './video-tables.ts';

/** An alarm that failed as a whole, which only a fault of our own does, rings again after this long. */
const ALARM_RETRY_MS = 60_000;

export class StoredVideo {
  readonly sql: SqlStorage;
  readonly #ctx: DurableObjectState;
  readonly #env: Env;

  constructor(ctx: DurableObjectState, env: Env) {
    this.sql = ctx.storage.sql;
    this.#ctx = ctx;
    this.#env = env;
  }

  find(): VideoState | undefined {
    const state = tables.loadState(this.sql);
    return state?.deleted_at_ms === null ? state : undefined;
  }

  load(): VideoState {
    const state = this.find();
    if (!state) throw videoNotFound(this.#ctx.id.name ?? '');
    return state;
  }

  /** Ends a lease whose time is over, whether or not the alarm has come yet. */
  expireLease(): VideoState {
    const state = this.load();
    const expired = transitions.expireLease(state, Date.now());
    return expired.events.length > 0 ? this.apply(expired) : state;
  }

  /** Stores a step with its events and the errands that follow from it. */
  apply({ state, events, wait_ms = 0 }: transitions.Transition): VideoState {
    const before = this.load();
    const now_ms = Date.now();
    tables.saveState(this.sql, state);
    const records = events.map((event) => tables.appendEvent(this.sql, event, now_ms));
    tellReaders(this.#ctx, toPublicEvents(state, records), isFinished(state.status));
    if (state.status !== before.status) {
      putErrand(this.sql, 'index', now_ms);
      if (state.status === 'queued') putErrand(this.sql, 'doorbell', now_ms + wait_ms);
      const erase_at_ms = eraseAt(state);
      if (erase_at_ms !== null) putErrand(this.sql, 'erase', erase_at_ms);
      if (isFinished(state.status)) {
        putErrand(this.sql, 'settle', now_ms);
        putErrand(this.sql, 'notify', now_ms);
        if (state.parent_file) putErrand(this.sql, 'drop_parent', now_ms);
        if (state.callback) putErrand(this.sql, 'callback', now_ms);
        if (state.restamp) putErrand(this.sql, 'restamp', now_ms + restampWait(readSettings(this.#env).restampAfterSeconds, 0));
      }
    }
    return state;
  }

  directives(): Directive[] {
    const prompts: Directive[] = unansweredPrompts(this.sql).map(({ id, prompt }) => ({ type: 'prompt', id, prompt }));
    return transitions.isEnding(this.load()) ? [...prompts, { type: 'stop', id: 'stop' }] : prompts;
  }

  leaseEnd(): number {
    return Date.now() + readSettings(this.#env).leaseSeconds * 1000;
  }

  /** Sets the alarm to whatever is due first; called in the same stretch as the write that moved it. */
  async setAlarm(): Promise<void> {
    if (!tables.hasTables(this.sql)) return;
    const due = [tables.leaseEnd(this.sql), nextErrandAt(this.sql)].filter((at_ms) => at_ms !== null);
    if (due.length > 0) await this.#ctx.storage.setAlarm(Math.min(...due));
    else await this.#ctx.storage.deleteAlarm();
  }

  /** What was due stays due, so an alarm at its time would ring without end. */
  async retryAlarm(): Promise<void> {
    try {
      await this.#ctx.storage.setAlarm(Date.now() + ALARM_RETRY_MS);
    } catch (error) {
      // The sweep wakes the video again.
      log('error', 'alarm not set', { object: this.#ctx.id.name, error: describeError(error) });
    }
  }
}
