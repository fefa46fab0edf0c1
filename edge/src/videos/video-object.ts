/**
 * The Durable Object of one video: the truth about its state, who works on it, and what must still be sent.
 * Reads and writes between two awaits are one atomic write. What it keeps is on disk; it may be evicted at any time.
 */
import { DurableObject } from 'cloudflare:workers';
import type {
  Asset,
  CommitRequest,
  CompleteRequest,
  FailRequest,
  GenerationCommand,
  RecordedEvent,
  ReleaseRequest,
  RestampedRequest,
  VideoRecord,
} from '@everframe/shared';
import { describeError, isFinished, RESERVATION_SECONDS } from '@everframe/shared';
import type { Delivery } from '../accounts/ledger.ts';
import type { Env } from '../env.ts';
import { acceptReader, tellReaders } from '../events/event-readers.ts';
import { eventsAfter } from '../events/public-events.ts';
import { log } from '../log.ts';
import { requireAssets } from '../storage/require-assets.ts';
import type { SegmentName } from '../streaming/playlist.ts';
import { type StreamView, streamView } from '../streaming/stream-view.ts';
import { eraseAt } from './erasure.ts';
import { growingFingerprint } from './growing-fingerprint.ts';
import { lineageOf } from './lineage.ts';
import { putErrand, restoreErrand } from './outbox.ts';
import { type Outcome, toOutcome } from './outcome.ts';
import { payAhead } from './pay-ahead.ts';
import { answerPrompts, listPrompts, type StoredPrompt } from './prompt-table.ts';
import { type FilesToStamp, handOutFiles, takeStampedFiles } from './restamp-calls.ts';
import { runErrands } from './run-errands.ts';
import { settlementOf } from './settlement.ts';
import { type Steered, type SteerRequest, steer } from './steer.ts';
import { StoredVideo } from './stored-video.ts';
import { findInit, findMedia } from './stream-tables.ts';
import * as transitions from './transitions.ts';
import { type Beginning, type NewVideo, newVideoState, type VideoState } from './video-state.ts';
import * as tables from './video-tables.ts';
import type { Claimed, Committed, Lease } from './worker-answers.ts';

export class VideoObject extends DurableObject<Env> {
  readonly #video = new StoredVideo(this.ctx, this.env);
  readonly #sql = this.#video.sql;

  /** Safe to repeat: a video is recorded once. A deleted one is refused. */
  create(video: NewVideo): Promise<Outcome<VideoRecord>> {
    return toOutcome(() => (tables.hasTables(this.#sql) ? this.#video.load() : this.#record(video)));
  }

  async #record(video: NewVideo): Promise<VideoRecord> {
    // From then on the account may take the video for one that never was; only a standstill between reserving and recording brings it.
    if (Date.now() > video.created_at_ms + RESERVATION_SECONDS * 1000) throw new Error(`${video.id} is recorded too late`);
    const state = newVideoState(video);
    tables.createTables(this.#sql);
    tables.insertVideo(this.#sql, state);
    if (video.beginning) tables.insertBeginning(this.#sql, video.beginning);
    tables.appendEvent(this.#sql, { type: 'queued', epoch: 0 }, video.created_at_ms);
    if (!state.held) putErrand(this.#sql, 'doorbell', Date.now());
    putErrand(this.#sql, 'index', Date.now());
    await this.#video.setAlarm();
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
    await this.#video.setAlarm();
    return true;
  }

  /** What the account asks when it has not heard of a video for long. @returns null where there is no video */
  settlement(): Delivery | 'unsettled' | null {
    const state = tables.loadState(this.#sql);
    return state ? (settlementOf(state) ?? 'unsettled') : null;
  }

  cancel(): Promise<Outcome<VideoRecord>> {
    return toOutcome(async () => {
      const state = this.#video.apply(transitions.cancel(this.#video.load(), Date.now()));
      await this.#video.setAlarm();
      return state;
    });
  }

  view(): VideoRecord | null {
    return this.#video.find() ?? null;
  }

  /** What another video can begin with. @returns null where the video is gone, or does not have it */
  beginning(frames: number): Beginning | null {
    return this.#video.find() ? tables.beginningOf(this.#sql, frames) : null;
  }

  /** What another video can be begun from, chunk by chunk. @returns null where there is no video */
  latents(): (Asset | null)[] | null {
    return this.#video.find() ? tables.listLatents(this.#sql) : null;
  }

  /** From now on there is no such video. Its objects go when no ticket can add to them any more. Safe to repeat. */
  async remove(): Promise<void> {
    const state = this.#video.find();
    if (!state) return;
    const now_ms = Date.now();
    const deleted: VideoState = { ...state, lease: null, deleted_at_ms: now_ms };
    tables.saveState(this.#sql, deleted);
    putErrand(this.#sql, 'index', now_ms);
    putErrand(this.#sql, 'settle', now_ms);
    putErrand(this.#sql, 'erase', eraseAt(deleted) ?? now_ms);
    tellReaders(this.ctx, [], true);
    await this.#video.setAlarm();
  }

  /** A prompt for the video while it is made; its worker hears of it with the answer to its next call. */
  steer(request: SteerRequest): Promise<Outcome<Steered>> {
    return toOutcome(() => steer(this.#sql, this.#video.load(), request, Date.now()));
  }

  /** @returns null where there is no video */
  prompts(): { video: VideoRecord; requested: GenerationCommand; sent: StoredPrompt[] } | null {
    const video = this.#video.find();
    return video ? { video, requested: tables.requestedCommand(this.#sql), sent: listPrompts(this.#sql) } : null;
  }

  /** What can be watched of the video so far: its last segments. */
  stream(): StreamView | null {
    const record = this.#video.find();
    return record ? streamView(this.#sql, record) : null;
  }

  segmentFile(name: SegmentName | null): { id: string; account_id: string; file: Asset | null } | null {
    const record = this.#video.find();
    if (!record) return null;
    const { id, account_id } = record;
    if (!name) return { id, account_id, file: null };
    return { id, account_id, file: 'init' in name ? findInit(this.#sql, name.init) : findMedia(this.#sql, name.chunk_index) };
  }

  /** The WebSocket of the `reader` of the video's events, `after` one of them. */
  override async fetch(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams;
    const state = this.#video.find();
    if (!state) return new Response(null, { status: 404 });
    const events = eventsAfter(state, Number(query.get('after') ?? 0), (from) => tables.listEvents(this.#sql, from));
    if (!events) return new Response(null, { status: 400 });
    const is_ended = isFinished(state.status);
    if (is_ended && events.length === 0) return new Response(null, { status: 204 });
    return acceptReader(this.ctx, query.get('reader') ?? '', events, is_ended);
  }

  /** A reader has left. */
  override webSocketClose(socket: WebSocket): void {
    socket.close(1000);
  }

  history(): RecordedEvent[] | null {
    return this.#video.find() ? tables.listEvents(this.#sql) : null;
  }

  claim(worker_id: string): Promise<Outcome<Claimed>> {
    return toOutcome(async () => {
      const state = this.#video.expireLease();
      const claimed = this.#video.apply(transitions.claim(state, worker_id, this.#video.leaseEnd()));
      const { epoch, command, created_at_ms, request_id, last_commit, lease } = claimed;
      await this.#video.setAlarm();
      return {
        epoch,
        lease_ends_at_ms: lease?.ends_at_ms ?? 0,
        directives: this.#video.directives(),
        command,
        created_at_ms,
        request_id,
        parent: last_commit?.id ?? null,
        segments: tables.listSegmentFiles(this.#sql),
        fingerprint: growingFingerprint(this.#sql, command.fps),
        checkpoint: tables.lastCheckpoint(this.#sql),
        lineage: lineageOf(claimed),
        source: claimed.source,
      };
    });
  }

  beat(epoch: number): Promise<Outcome<Lease>> {
    return toOutcome(async () => {
      const lease_ends_at_ms = this.#video.leaseEnd();
      this.#video.apply(transitions.beat(this.#video.load(), epoch, lease_ends_at_ms));
      await this.#video.setAlarm();
      return { epoch, lease_ends_at_ms, directives: this.#video.directives() };
    });
  }

  commit(request: CommitRequest): Promise<Outcome<Committed>> {
    return toOutcome(async () => {
      transitions.commit(this.#video.load(), request, this.#video.leaseEnd());
      const { init, media, latents, stills } = request.segment;
      const own = { media, checkpoint: request.checkpoint, ...(latents && { latents }), ...(stills && { stills }) };
      await requireAssets(this.env.MEDIA, this.#video.load().id, request.epoch, own, { init });

      await payAhead(this.#video, this.env.ACCOUNT, request.segment.frames);

      // Whatever happened during the look is checked again, in one stretch with the write.
      const before = this.#video.load();
      const lease_ends_at_ms = this.#video.leaseEnd();
      const after = this.#video.apply(transitions.commit(before, request, lease_ends_at_ms));
      if (after.last_commit?.id !== before.last_commit?.id) {
        tables.insertCommit(this.#sql, request);
        answerPrompts(this.#sql, request.answers ?? []);
      }
      await this.#video.setAlarm();
      const commit_id = transitions.commitId(request);
      return { epoch: request.epoch, lease_ends_at_ms, commit_id, directives: this.#video.directives() };
    });
  }

  complete(request: CompleteRequest): Promise<Outcome<VideoRecord>> {
    return toOutcome(async () => {
      transitions.complete(this.#video.load(), request, Date.now());
      const { video, thumbnail, spritesheet } = request;
      await requireAssets(this.env.MEDIA, this.#video.load().id, request.epoch, { video, thumbnail, ...(spritesheet && { spritesheet }) });

      const state = this.#video.apply(transitions.complete(this.#video.load(), request, Date.now()));
      await this.#video.setAlarm();
      return state;
    });
  }

  fail({ epoch, code, message }: FailRequest): Promise<Outcome<VideoRecord>> {
    return toOutcome(async () => {
      const state = this.#video.apply(transitions.fail(this.#video.load(), epoch, code, Date.now()));
      log('error', 'a worker failed the video', { video_id: state.id, request_id: state.request_id, epoch, code, message });
      await this.#video.setAlarm();
      return state;
    });
  }

  claimRestamp(worker_id: string): Promise<Outcome<FilesToStamp>> {
    return toOutcome(async () => handOutFiles(this.#video, worker_id));
  }

  restamped(request: RestampedRequest): Promise<Outcome<VideoRecord>> {
    return toOutcome(() => takeStampedFiles(this.#video, this.env.MEDIA, request));
  }

  release(request: ReleaseRequest): Promise<Outcome<VideoRecord>> {
    return toOutcome(async () => {
      const state = this.#video.apply(transitions.release(this.#video.load(), request, Date.now()));
      await this.#video.setAlarm();
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
    if (state.restamp) restoreErrand(this.#sql, 'restamp', Date.now());
    await this.#video.setAlarm();
    return true;
  }

  /** One alarm for lease, outbox and expiry. It never throws: the platform gives up after a few failures, the outbox does not. */
  override async alarm(): Promise<void> {
    try {
      if (tables.hasTables(this.#sql)) {
        if (this.#video.find()?.lease) this.#video.expireLease();
        const isErased = await runErrands(this.env, this.#sql, () => this.announce());
        if (isErased) {
          tables.forgetTables(this.#sql);
          await this.ctx.storage.deleteAll();
        }
      }
      await this.#video.setAlarm();
    } catch (error) {
      log('error', 'alarm failed', { object: this.ctx.id.name, error: describeError(error) });
      await this.#video.retryAlarm();
    }
  }
}
