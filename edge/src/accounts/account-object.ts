/**
 * The Durable Object of one account: its credits, whose turn it is among its videos, and how often its keys may ask.
 * Reads and writes between two awaits are one atomic write, so two requests can never spend the same credit.
 * It knows nothing of what a video shows.
 */
import { DurableObject } from 'cloudflare:workers';
import { describeError, RESERVATION_SECONDS } from '@everframe/shared';
import type { Env } from '../env.ts';
import { log } from '../log.ts';
import { eraseVideoAssets } from '../storage/erase-assets.ts';
import { findApiKey } from '../store/api-keys.ts';
import { addMeterEvent } from '../store/meter-events.ts';
import { type Outcome, toOutcome } from '../videos/outcome.ts';
import * as outbox from './account-outbox.ts';
import * as ledger from './ledger.ts';
import { type RateState, RequestWindow } from './request-window.ts';
import * as turns from './turns.ts';
import { type UsageRow, usageBetween } from './usage.ts';

/** What binds an account and the key that asks; the rows in D1 say it with each request. */
export interface Terms extends ledger.Spending {
  readonly max_concurrent_videos: number | null;
}

export interface AccountSummary {
  readonly balance_micro_usd: number;
  readonly running_videos: number;
  readonly waiting_videos: number;
}

/** A video that is long at work is asked how it stands this often. */
const CHECK_INTERVAL_MS = 60 * 60_000;
/** Work of one alarm; it rings again for the rest. */
const BATCH = 50;
const ALARM_RETRY_MS = 60_000;

export class AccountObject extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;
  readonly #windows = new Map<string, RequestWindow>();
  #is_open = false;

  /** Counts a request of the key. */
  admit(key_id: string, requests_per_minute: number): RateState {
    const now_ms = Date.now();
    for (const [id, window] of this.#windows) if (id !== key_id && window.isEmpty(now_ms)) this.#windows.delete(id);
    const window = this.#windows.get(key_id) ?? new RequestWindow();
    this.#windows.set(key_id, window);
    return window.admit(requests_per_minute, now_ms);
  }

  /** Puts a video's price aside, and says whether the video may go to the queue or has to wait. Safe to repeat. */
  reserve(reservation: ledger.Reservation, terms: Terms): Promise<Outcome<turns.Turn>> {
    return toOutcome(async () => {
      this.#open();
      const now_ms = Date.now();
      ledger.reserve(this.#sql, reservation, terms, now_ms);
      this.#setCap(terms.max_concurrent_videos);
      const check_at_ms = now_ms + 2 * RESERVATION_SECONDS * 1000;
      const turn = turns.takeTurn(this.#sql, reservation.video_id, terms.max_concurrent_videos, check_at_ms);
      // The bound may have been raised.
      this.#callNext(now_ms);
      await this.#setAlarm();
      return turns.findTurn(this.#sql, reservation.video_id) ?? turn;
    });
  }

  /** Puts more of an endless video's price aside, by the terms of its key as they are now. @returns seconds; 0 where nothing more can be paid */
  async extend(extension: ledger.Extension): Promise<number> {
    this.#open();
    const { key_id } = ledger.findEntry(this.#sql, extension.video_id, 'reserve') ?? {};
    const key = key_id ? await findApiKey(this.env.DB, key_id) : null;
    const now_ms = Date.now();
    // A key that was taken away spends no more.
    if (!key || isOver(key.revoked_at_ms, now_ms) || isOver(key.expires_at_ms, now_ms)) return 0;
    const spending = {
      unlimited: key.billing === 'unlimited',
      key_budget_micro_usd: key.budget_micro_usd,
      video_max_micro_usd: key.max_micro_usd_per_video,
    };
    return ledger.extend(this.#sql, extension, spending, now_ms);
  }

  /** Ends a video's reservation by what it delivered, and calls the next. Safe to repeat: the first end counts. */
  async settle(video_id: string, delivery: ledger.Delivery): Promise<void> {
    this.#open();
    this.#settle(video_id, delivery);
    await this.#setAlarm();
  }

  /** What was stored for a video whose reservation has ended goes, unless it was recorded. Safe to repeat. */
  async abandon(video_id: string): Promise<void> {
    this.#open();
    // Reserved: another try of the same request may be storing it.
    if (turns.findTurn(this.#sql, video_id)) return;
    outbox.putErrand(this.#sql, 'erase', video_id, Date.now());
    await this.#setAlarm();
  }

  /** @returns undefined where the account knows no such unfinished video */
  turnOf(video_id: string): turns.Turn | undefined {
    this.#open();
    return turns.findTurn(this.#sql, video_id);
  }

  /** Safe to repeat with the same id. @returns the balance */
  grant(id: string, micro_usd: number): number {
    this.#open();
    ledger.grant(this.#sql, id, micro_usd, Date.now());
    return ledger.balanceOf(this.#sql);
  }

  refund(video_id: string): Promise<Outcome<ledger.Entry>> {
    return toOutcome(async () => {
      this.#open();
      const entry = ledger.refund(this.#sql, video_id, Date.now());
      outbox.putErrand(this.#sql, 'refund', video_id, Date.now());
      await this.#setAlarm();
      return entry;
    });
  }

  summary(): AccountSummary {
    this.#open();
    return {
      balance_micro_usd: ledger.balanceOf(this.#sql),
      running_videos: turns.count(this.#sql, 'running'),
      waiting_videos: turns.count(this.#sql, 'waiting'),
    };
  }

  entries(page: { readonly before: number | null; readonly limit: number }): ledger.Entry[] {
    this.#open();
    return ledger.listEntries(this.#sql, page);
  }

  usage(from_ms: number, to_ms: number): UsageRow[] {
    this.#open();
    return usageBetween(this.#sql, from_ms, to_ms);
  }

  /** It never throws: the platform gives up after a few failures, the outbox does not. */
  override async alarm(): Promise<void> {
    try {
      this.#open();
      await Promise.all([this.#runErrands(), this.#checkVideos()]);
      await this.#setAlarm();
    } catch (error) {
      log('error', 'alarm failed', { object: this.ctx.id.name, error: describeError(error) });
      await this.ctx.storage.setAlarm(Date.now() + ALARM_RETRY_MS);
    }
  }

  #settle(video_id: string, delivery: ledger.Delivery): void {
    const now_ms = Date.now();
    const settled = ledger.settle(this.#sql, video_id, delivery, now_ms);
    if (settled && delivery.seconds > 0) outbox.putErrand(this.#sql, 'capture', video_id, now_ms);
    turns.endTurn(this.#sql, video_id);
    this.#callNext(now_ms);
  }

  #callNext(now_ms: number): void {
    for (const video_id of turns.nextTurns(this.#sql, this.#cap())) outbox.putErrand(this.#sql, 'announce', video_id, now_ms);
  }

  /** At once: one that is slow must not keep the others waiting. */
  async #runErrands(): Promise<void> {
    await Promise.all(outbox.dueErrands(this.#sql, Date.now(), BATCH).map((due) => this.#runErrand(due)));
  }

  async #runErrand(due: outbox.DueAccountErrand): Promise<void> {
    try {
      await this.#run(due);
      outbox.settleErrand(this.#sql, due);
    } catch (error) {
      log('warn', 'errand failed', {
        ...{ account_id: this.ctx.id.name, video_id: due.video_id, errand: due.errand },
        ...{ failures: due.failures + 1, error: describeError(error) },
      });
      outbox.postponeErrand(this.#sql, due, Date.now());
    }
  }

  async #run({ errand, video_id }: outbox.DueAccountErrand): Promise<void> {
    switch (errand) {
      case 'announce': {
        // Gone from the list: cancelled, or its reservation was released.
        if (!turns.findTurn(this.#sql, video_id)) return;
        const announced = await this.env.VIDEO.getByName(video_id).announce();
        if (!announced) throw new Error('the video is not recorded yet');
        return;
      }
      case 'capture':
      case 'refund': {
        const entry = ledger.findEntry(this.#sql, video_id, errand);
        if (entry) await addMeterEvent(this.env.DB, this.ctx.id.name ?? '', entry);
        return;
      }
      case 'erase':
        // Recorded after all.
        if ((await this.env.VIDEO.getByName(video_id).settlement()) !== null) return;
        return eraseVideoAssets(this.env.MEDIA, video_id);
    }
  }

  /** Reservations whose video was never recorded are released; an end that did not reach us is fetched. */
  async #checkVideos(): Promise<void> {
    await Promise.all(turns.dueChecks(this.#sql, Date.now(), BATCH).map((video_id) => this.#checkVideo(video_id)));
  }

  async #checkVideo(video_id: string): Promise<void> {
    let settlement: ledger.Delivery | 'unsettled' | null;
    try {
      settlement = await this.env.VIDEO.getByName(video_id).settlement();
    } catch (error) {
      log('warn', 'a video did not answer', { account_id: this.ctx.id.name, video_id, error: describeError(error) });
      if (turns.isDue(this.#sql, video_id, Date.now())) turns.postponeCheck(this.#sql, video_id, Date.now() + ALARM_RETRY_MS);
      return;
    }
    // Ended meanwhile, or asked for again: what was heard may be old, and a later check hears what has come of it.
    if (!turns.isDue(this.#sql, video_id, Date.now())) return;
    if (settlement === 'unsettled') return turns.postponeCheck(this.#sql, video_id, Date.now() + CHECK_INTERVAL_MS);
    this.#settle(video_id, settlement ?? { micro_usd: 0, seconds: 0 });
    // What was stored for a video that was then not recorded is nobody's.
    if (settlement === null) outbox.putErrand(this.#sql, 'erase', video_id, Date.now());
  }

  #open(): void {
    if (this.#is_open) return;
    ledger.createLedger(this.#sql);
    turns.createTurns(this.#sql);
    outbox.createOutbox(this.#sql);
    this.#sql.exec('CREATE TABLE IF NOT EXISTS cap (id INTEGER PRIMARY KEY CHECK (id = 1), max_concurrent_videos INTEGER)');
    this.#is_open = true;
  }

  #setCap(max: number | null): void {
    if (this.#cap() !== max) this.#sql.exec('INSERT OR REPLACE INTO cap (id, max_concurrent_videos) VALUES (1, ?)', max);
  }

  /** As of the last reservation. */
  #cap(): number | null {
    const [row] = this.#sql.exec<{ max_concurrent_videos: number | null }>('SELECT max_concurrent_videos FROM cap').toArray();
    return row?.max_concurrent_videos ?? null;
  }

  async #setAlarm(): Promise<void> {
    const due = [outbox.nextErrandAt(this.#sql), turns.nextCheckAt(this.#sql)].filter((at) => typeof at === 'number');
    if (due.length > 0) await this.ctx.storage.setAlarm(Math.min(...due));
    else await this.ctx.storage.deleteAlarm();
  }
}

function isOver(at_ms: number | null, now_ms: number): boolean {
  return at_ms !== null && at_ms <= now_ms;
}
