/**
 * The Durable Object of one video: the truth about its state, who works on it, and what must still be sent.
 * Reads and writes between two awaits are one atomic write. What it keeps is on disk; it may be evicted at any time.
 */
import { DurableObject } from 'cloudflare:workers';
import type {
  Asset,
  CommitRequest,
  CompleteRequest,
  Directive,
  FailRequest,
  GenerationCommand,
  Lineage,
  RecordedEvent,
  ReleaseRequest,
  Segment,
  VideoRecord,
} from '@everframe/shared';
import { describeError, isFinished, PLAYLIST_SEGMENTS_MAX, RESERVATION_SECONDS } from '@everframe/shared';
import type { Delivery } from '../accounts/ledger.ts';
import { type Env, readSettings } from '../env.ts';
import { acceptReader, tellReaders } from '../events/event-readers.ts';
import { eventsAfter, toPublicEvents } from '../events/public-events.ts';
import { log } from '../log.ts';
import { requireAssets } from '../storage/require-assets.ts';
import type { SegmentName } from '../streaming/playlist.ts';
import { eraseAt } from './erasure.ts';
import { lineageOf } from './lineage.ts';
import { dueErrands, nextErrandAt, postponeErrand, putErrand, restoreErrand, settleErrand } from './outbox.ts';
import { type Outcome, toOutcome } from './outcome.ts';
import { goesUnpaid, nextExtension } from './pay-ahead.ts';
import { answerPrompts, listPrompts, type StoredPrompt, unansweredPrompts } from './prompt-table.ts';
import { runErrand } from './run-errand.ts';
import { settlementOf } from './settlement.ts';
import { type Steered, type SteerRequest, steer } from './steer.ts';
import { findInit, findMedia, lastSegments } from './stream-tables.ts';
import * as transitions from './transitions.ts';
import { videoNotFound } from './video-id.ts';
import { type Beginning, type NewVideo, newVideoState, type VideoState } from './video-state.ts';
import * as tables from './video-tables.ts';

export interface Lease {
  readonly epoch: number;
  readonly lease_ends_at_ms: number;
  /** What the worker is asked to do. */
  readonly directives: readonly Directive[];
}

export interface Claimed extends Lease {
  readonly command: GenerationCommand;
  readonly created_at_ms: number;
  readonly request_id: string | null;
  readonly parent: string | null;
  readonly segments: Segment[];
  readonly checkpoint: Asset | null;
  readonly lineage: Lineage | null;
}

export interface Committed extends Lease {
  readonly commit_id: string;
}

/** An alarm that failed as a whole, which only a fault of our own does, rings again after this long. */
const ALARM_RETRY_MS = 60_000;

export class VideoObject extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;

  /** Safe to repeat: a video is recorded once. */
  async create(video: NewVideo): Promise<VideoRecord> {
    const existing = tables.loadState(this.#sql);
    if (existing) return existing;
    // From then on the account may take the video for one that never was.
    if (Date.now() > video.created_at_ms + RESERVATION_SECONDS * 1000) throw new Error(`${video.id} is recorded too late`);
    const state = newVideoState(video);
    tables.createTables(this.#sql);
    tables.insertVideo(this.#sql, state);
    if (video.beginning) tables.insertBeginning(this.#sql, video.beginning);
    tables.appendEvent(this.#sql, { type: 'queued', epoch: 0 }, video.created_at_ms);
    if (!state.held) putErrand(this.#sql, 'doorbell', Date.now());
    putErrand(this.#sql, 'index', Date.now());
    await this.#setAlarm();
    return state;
  }

  /**
   * Its turn among its account's videos has come. Safe to repeat.
   * @returns false where there is no video
   */
  async announce(): Promise<boolean> {
    const state = tables.loadState(this.#sql);
    if (!state) return false;
    if (!state.held) return true;
    tables.saveState(this.#sql, { ...state, held: false });
    putErrand(this.#sql, 'doorbell', Date.now());
    await this.#setAlarm();
    return true;
  }

  /** What the account asks when it has not heard of a video for long. @returns null where there is no video */
  settlement(): Delivery | 'unsettled' | null {
    const state = tables.loadState(this.#sql);
    return state ? (settlementOf(state) ?? 'unsettled') : null;
  }

  cancel(): Promise<Outcome<VideoRecord>> {
    return toOutcome(async () => {
      const state = this.#apply(transitions.cancel(this.#load(), Date.now()));
      await this.#setAlarm();
      return state;
    });
  }

  view(): VideoRecord | null {
    return this.#find() ?? null;
  }

  /** What another video can begin with. @returns null where the video is gone, or does not have it */
  beginning(frames: number): Beginning | null {
    return this.#find() ? tables.beginningOf(this.#sql, frames) : null;
  }

  /** From now on there is no such video. Its objects go when no ticket can add to them any more. Safe to repeat. */
  async remove(): Promise<void> {
    const state = this.#find();
    if (!state) return;
    const now_ms = Date.now();
    const deleted: VideoState = { ...state, lease: null, deleted_at_ms: now_ms };
    tables.saveState(this.#sql, deleted);
    putErrand(this.#sql, 'index', now_ms);
    putErrand(this.#sql, 'settle', now_ms);
    putErrand(this.#sql, 'erase', eraseAt(deleted) ?? now_ms);
    tellReaders(this.ctx, [], true);
    await this.#setAlarm();
  }

  /** A prompt for the video while it is made; its worker hears of it with the answer to its next call. */
  steer(request: SteerRequest): Promise<Outcome<Steered>> {
    return toOutcome(() => steer(this.#sql, this.#load(), request, Date.now()));
  }

  /** @returns null where there is no video */
  prompts(): { video: VideoRecord; requested: GenerationCommand; sent: StoredPrompt[] } | null {
    const video = this.#find();
    return video ? { video, requested: tables.requestedCommand(this.#sql), sent: listPrompts(this.#sql) } : null;
  }

  /** What can be watched of the video so far: its last segments. */
  stream(): ({ record: VideoRecord } & ReturnType<typeof lastSegments>) | null {
    const record = this.#find();
    if (!record) return null;
    return { record, ...lastSegments(this.#sql, PLAYLIST_SEGMENTS_MAX, record.command.continues?.kept_frames ?? 0) };
  }

  segmentFile(name: SegmentName | null): { record: VideoRecord; file: Asset | null } | null {
    const record = this.#find();
    if (!record) return null;
    if (!name) return { record, file: null };
    return { record, file: 'init' in name ? findInit(this.#sql, name.init) : findMedia(this.#sql, name.chunk_index) };
  }

  /** The WebSocket of whoever reads the video's events, `after` one of them; without a `reader` only the bound of all holds. */
  override async fetch(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams;
    const state = this.#find();
    if (!state) return new Response(null, { status: 404 });
    const events = eventsAfter(state, Number(query.get('after') ?? 0), (from) => tables.listEvents(this.#sql, from));
    if (!events) return new Response(null, { status: 400 });
    const is_ended = isFinished(state.status);
    if (is_ended && events.length === 0) return new Response(null, { status: 204 });
    return acceptReader(this.ctx, query.get('reader'), events, is_ended);
  }

  /** A reader has left. */
  override webSocketClose(socket: WebSocket): void {
    socket.close(1000);
  }

  history(): RecordedEvent[] | null {
    return this.#find() ? tables.listEvents(this.#sql) : null;
  }

  claim(worker_id: string): Promise<Outcome<Claimed>> {
    return toOutcome(async () => {
      const state = this.#expireLease();
      const claimed = this.#apply(transitions.claim(state, worker_id, this.#leaseEnd()));
      const { epoch, command, created_at_ms, request_id, last_commit, lease } = claimed;
      await this.#setAlarm();
      return {
        epoch,
        lease_ends_at_ms: lease?.ends_at_ms ?? 0,
        directives: this.#directives(),
        command,
        created_at_ms,
        request_id,
        parent: last_commit?.id ?? null,
        segments: tables.listSegments(this.#sql),
        checkpoint: tables.lastCheckpoint(this.#sql),
        lineage: lineageOf(claimed),
      };
    });
  }

  beat(epoch: number): Promise<Outcome<Lease>> {
    return toOutcome(async () => {
      const lease_ends_at_ms = this.#leaseEnd();
      this.#apply(transitions.beat(this.#load(), epoch, lease_ends_at_ms));
      await this.#setAlarm();
      return { epoch, lease_ends_at_ms, directives: this.#directives() };
    });
  }

  commit(request: CommitRequest): Promise<Outcome<Committed>> {
    return toOutcome(async () => {
      transitions.commit(this.#load(), request, this.#leaseEnd());
      const { init, media } = request.segment;
      await requireAssets(this.env.MEDIA, this.#load().id, request.epoch, { media, checkpoint: request.checkpoint }, { init });

      await this.#payAhead(request.segment.frames);

      // Whatever happened during the look is checked again, in one stretch with the write.
      const before = this.#load();
      const lease_ends_at_ms = this.#leaseEnd();
      const after = this.#apply(transitions.commit(before, request, lease_ends_at_ms));
      if (after.last_commit?.id !== before.last_commit?.id) {
        tables.insertCommit(this.#sql, request);
        answerPrompts(this.#sql, request.answers ?? []);
      }
      await this.#setAlarm();
      const commit_id = transitions.commitId(request);
      return { epoch: request.epoch, lease_ends_at_ms, commit_id, directives: this.#directives() };
    });
  }

  complete(request: CompleteRequest): Promise<Outcome<VideoRecord>> {
    return toOutcome(async () => {
      transitions.complete(this.#load(), request, Date.now());
      const { video, thumbnail } = request;
      await requireAssets(this.env.MEDIA, this.#load().id, request.epoch, { video, thumbnail });

      const state = this.#apply(transitions.complete(this.#load(), request, Date.now()));
      await this.#setAlarm();
      return state;
    });
  }

  fail({ epoch, code, message }: FailRequest): Promise<Outcome<VideoRecord>> {
    return toOutcome(async () => {
      const state = this.#apply(transitions.fail(this.#load(), epoch, code, Date.now()));
      log('error', 'a worker failed the video', { video_id: state.id, request_id: state.request_id, epoch, code, message });
      await this.#setAlarm();
      return state;
    });
  }

  release(request: ReleaseRequest): Promise<Outcome<VideoRecord>> {
    return toOutcome(async () => {
      const state = this.#apply(transitions.release(this.#load(), request, Date.now()));
      await this.#setAlarm();
      return state;
    });
  }

  /**
   * Called by the sweeper for a video that should have moved on: rings again if it waits, and restores the end of a
   * finished or deleted one and the alarm, in case they were lost.
   * @returns false where there is no video
   */
  async poke(): Promise<boolean> {
    const state = tables.loadState(this.#sql);
    if (!state) return false;
    if (state.status === 'queued') putErrand(this.#sql, state.held ? 'turn' : 'doorbell', Date.now());
    putErrand(this.#sql, 'index', Date.now());
    const erase_at_ms = eraseAt(state);
    if (erase_at_ms !== null) restoreErrand(this.#sql, 'erase', erase_at_ms);
    await this.#setAlarm();
    return true;
  }

  /** One alarm for lease, outbox and expiry. It never throws: the platform gives up after a few failures, the outbox does not. */
  override async alarm(): Promise<void> {
    try {
      if (tables.hasTables(this.#sql)) {
        if (this.#find()) this.#expireLease();
        await this.#runErrands();
      }
      await this.#setAlarm();
    } catch (error) {
      log('error', 'alarm failed', { object: this.ctx.id.name, error: describeError(error) });
      await this.#retryAlarm();
    }
  }

  /** What was due stays due, so an alarm at its time would ring without end. */
  async #retryAlarm(): Promise<void> {
    try {
      await this.ctx.storage.setAlarm(Date.now() + ALARM_RETRY_MS);
    } catch (error) {
      // The sweep wakes the video again.
      log('error', 'alarm not set', { object: this.ctx.id.name, error: describeError(error) });
    }
  }

  async #runErrands(): Promise<void> {
    for (const due of dueErrands(this.#sql, Date.now())) {
      const state = tables.loadState(this.#sql);
      if (!state) return;
      try {
        if (due.errand === 'turn') await this.#askForTurn(state);
        else await runErrand(this.env, due.errand, state);
      } catch (error) {
        log('warn', 'errand failed', { video_id: state.id, errand: due.errand, failures: due.failures + 1, error: describeError(error) });
        postponeErrand(this.#sql, due, Date.now());
        continue;
      }
      if (due.errand === 'erase') {
        await this.ctx.storage.deleteAll();
        return;
      }
      settleErrand(this.#sql, due);
    }
  }

  /** For a held video that has waited long: its announcement may have been lost. */
  async #askForTurn({ id, account_id }: VideoState): Promise<void> {
    const turn = await this.env.ACCOUNT.getByName(account_id).turnOf(id);
    // Unknown to its account, it would never be called.
    if (turn !== 'waiting') await this.announce();
  }

  #find(): VideoState | undefined {
    const state = tables.loadState(this.#sql);
    return state?.deleted_at_ms === null ? state : undefined;
  }

  #load(): VideoState {
    const state = this.#find();
    if (!state) throw videoNotFound(this.ctx.id.name ?? '');
    return state;
  }

  /** Ends a lease whose time is over, whether or not the alarm has come yet. */
  #expireLease(): VideoState {
    const state = this.#load();
    const expired = transitions.expireLease(state, Date.now());
    return expired.events.length > 0 ? this.#apply(expired) : state;
  }

  /** Stores a step with its events and the errands that follow from it. */
  #apply({ state, events, wait_ms = 0 }: transitions.Transition): VideoState {
    const before = this.#load();
    const now_ms = Date.now();
    tables.saveState(this.#sql, state);
    const records = events.map((event) => tables.appendEvent(this.#sql, event, now_ms));
    tellReaders(this.ctx, toPublicEvents(state, records), isFinished(state.status));
    if (state.status !== before.status) {
      putErrand(this.#sql, 'index', now_ms);
      if (state.status === 'queued') putErrand(this.#sql, 'doorbell', now_ms + wait_ms);
      const erase_at_ms = eraseAt(state);
      if (erase_at_ms !== null) putErrand(this.#sql, 'erase', erase_at_ms);
      if (isFinished(state.status)) {
        putErrand(this.#sql, 'settle', now_ms);
        putErrand(this.#sql, 'notify', now_ms);
        if (state.parent_file) putErrand(this.#sql, 'drop_parent', now_ms);
      }
    }
    return state;
  }

  #directives(): Directive[] {
    const prompts: Directive[] = unansweredPrompts(this.#sql).map(({ id, prompt }) => ({ type: 'prompt', id, prompt }));
    return transitions.isEnding(this.#load()) ? [...prompts, { type: 'stop', id: 'stop' }] : prompts;
  }

  /** Before more frames of an endless video are taken than are paid for, the next block is, or the video ends. Safe to repeat. */
  async #payAhead(frames: number): Promise<void> {
    const state = this.#load();
    const extension = nextExtension(state, frames);
    if (!extension) return;
    let seconds: number;
    try {
      seconds = await this.env.ACCOUNT.getByName(state.account_id).extend(extension);
    } catch (error) {
      if (goesUnpaid(state, frames)) throw error;
      // The next chunk asks again.
      log('warn', 'the account did not answer', { video_id: state.id, error: describeError(error) });
      return;
    }
    const now = this.#load();
    if (!isFinished(now.status) && now.endless?.blocks === extension.part) this.#apply(transitions.payAhead(now, seconds));
  }

  #leaseEnd(): number {
    return Date.now() + readSettings(this.env).leaseSeconds * 1000;
  }

  /** Sets the alarm to whatever is due first; called in the same stretch as the write that moved it. */
  async #setAlarm(): Promise<void> {
    const state = tables.loadState(this.#sql);
    if (!state) return;
    const due = [state.lease?.ends_at_ms, nextErrandAt(this.#sql)].filter((at) => typeof at === 'number');
    if (due.length > 0) await this.ctx.storage.setAlarm(Math.min(...due));
    else await this.ctx.storage.deleteAlarm();
  }
}
