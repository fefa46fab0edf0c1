/**
 * Every step of a video's life after its creation: old state and what a worker says in, new state and events out.
 * Pure, so the object only loads, applies and stores. Checks come first: a refused step changes nothing.
 */
import {
  ASSET_MAX_BYTES,
  type CommitRequest,
  type CompleteRequest,
  type DirectiveAnswer,
  type EndedBy,
  EverframeError,
  type FailureCode,
  isFinished,
  MAX_FRUITLESS_ATTEMPTS,
  newFrames,
  type PromptOutcome,
  RETENTION_DAYS,
  RETRY_DELAYS_SECONDS,
  type ReleaseRequest,
  TRANSITIONS,
  type VideoEvent,
  type VideoStatus,
} from '@everframe/shared';
import { requireLease, requireOwnership } from './lease.ts';
import { NOT_TRIED } from './restamp.ts';
import type { VideoState } from './video-state.ts';

export interface Transition {
  readonly state: VideoState;
  readonly events: readonly VideoEvent[];
  /** Milliseconds that a video which goes back to the queue waits before it is announced; default 0. */
  readonly wait_ms?: number;
}

/** What the owner of a failed video reads; what the worker said is for the log. */
const FAILURE_SENTENCES: Readonly<Record<FailureCode, string>> = {
  worker_lost: `The work on this video stopped ${MAX_FRUITLESS_ATTEMPTS} times in a row without progress. Create it again.`,
  picture_unreadable:
    'The picture of input_reference is broken: it could not be read to its end. Create the video again with another file.',
  generation_failed: 'The model could not make this video. Create it again, with another seed or prompt.',
  encoding_failed: 'The frames of this video could not be encoded. Create it again.',
  signing_failed: 'The provenance of this video could not be signed, so it is not published. Create it again.',
  model_unavailable: 'The workers do not have this version of the model. Create the video again, or choose another model.',
};

/** Of an endless video's segments: with the chunks that are in hand and the manifest, the file must be one that can be uploaded. */
const ENDLESS_MAX_BYTES = 0.9 * ASSET_MAX_BYTES;

/** Raises the epoch: whatever an older one sends is refused from now on. A worker whose answer was lost gets it again. */
export function claim(state: VideoState, worker_id: string, lease_ends_at_ms: number): Transition {
  if (isFinished(state.status)) {
    throw new EverframeError('video_finished', `The video is ${state.status}: there is nothing left to do. Delete the message.`);
  }
  if (state.lease?.worker_id === worker_id && !hasCommitted(state)) {
    return { state: renewLease(state, state.epoch, lease_ends_at_ms), events: [] };
  }
  if (state.lease) {
    throw new EverframeError('lease_held', 'A worker holds the lease. When it runs out, the queue gets a new message.');
  }
  const epoch = state.epoch + 1;
  const lease = { worker_id, ends_at_ms: lease_ends_at_ms };
  return {
    state: {
      ...moveTo(state, 'in_progress'),
      epoch,
      lease,
      ticket_ends_at_ms: lease_ends_at_ms,
      fruitless_attempts: state.fruitless_attempts + 1,
    },
    events: [{ type: 'claimed', epoch, worker_id }],
  };
}

export function beat(state: VideoState, epoch: number, lease_ends_at_ms: number): Transition {
  return { state: renewLease(state, epoch, lease_ends_at_ms), events: [] };
}

/** The very same commit again renews the lease and adds nothing. */
export function commit(state: VideoState, request: CommitRequest, lease_ends_at_ms: number): Transition {
  const { epoch, parent, segment, answers = [] } = request;
  const renewed = renewLease(state, epoch, lease_ends_at_ms);
  const id = commitId(request);
  if (id === state.last_commit?.id) return { state: renewed, events: [] };

  requireParent(state, parent);
  const chunk_index = state.last_commit ? state.last_commit.chunk_index + 1 : 0;
  requireEqual('segment.chunk_index', segment.chunk_index, chunk_index);
  requireEqual('segment.first_frame', segment.first_frame, state.frames_done);
  const frames_done = state.frames_done + segment.frames;
  if (frames_done > state.command.frames) {
    throw new EverframeError('invalid_value', `The video has ${state.command.frames} frames; this segment would make ${frames_done}.`, {
      param: 'segment.frames',
    });
  }
  const endless = state.endless && { ...state.endless, bytes: state.endless.bytes + segment.media.bytes };
  const committed: VideoState = { ...renewed, frames_done, fruitless_attempts: 0, last_commit: { id, chunk_index }, endless };
  const event: VideoEvent = { type: 'committed', epoch, chunk_index, frames_done };
  const events = [event, ...answers.map((answer) => promptAnswered(epoch, answer))];
  if (!endless || endless.bytes < ENDLESS_MAX_BYTES) return { state: committed, events };
  const ending = end(committed, 'limit');
  return { state: ending.state, events: [...events, ...ending.events] };
}

function promptAnswered(epoch: number, answer: DirectiveAnswer): VideoEvent {
  const outcome: PromptOutcome =
    answer.outcome === 'accepted'
      ? { status: 'scheduled', frame: answer.applied_frame, chunk_index: answer.chunk_index }
      : { status: 'refused', code: answer.reason };
  return { type: 'prompt_answered', epoch, prompt_id: answer.id, outcome };
}

/** Names a commit by what makes it this one: its place, its worker and its bytes. */
export function commitId({ epoch, segment }: CommitRequest): string {
  return `commit-${segment.chunk_index}-${epoch}-${segment.media.sha256.slice(0, 24)}`;
}

/** Repeated by its owner, it answers the same and changes nothing. */
export function complete(state: VideoState, request: CompleteRequest, now_ms: number): Transition {
  const { epoch, parent, video, thumbnail, spritesheet = null, credential = null, unstamped = false, publication } = request;
  requireOwnership(state, epoch);
  if (state.status === 'completed' && state.video?.sha256 === video.sha256) return { state, events: [] };
  requireLease(state, epoch);
  requireParent(state, parent);
  const may_be_short = isEnding(state) && state.frames_done > 0;
  if (state.frames_done !== state.command.frames && !may_be_short) {
    throw new EverframeError(
      'invalid_value',
      `All ${state.command.frames} frames must be committed before the video is complete; ${state.frames_done} are.`,
    );
  }
  return {
    state: {
      ...finish(state, 'completed', now_ms),
      completed_at_ms: now_ms,
      publications: publication === undefined ? [] : [publication],
      video,
      thumbnail,
      spritesheet,
      credential,
      restamp: unstamped ? NOT_TRIED : null,
    },
    events: [{ type: 'completed', epoch }],
  };
}

export function fail(state: VideoState, epoch: number, code: FailureCode, now_ms: number): Transition {
  requireOwnership(state, epoch);
  if (state.status === 'failed' && state.error?.code === code) return { state, events: [] };
  requireLease(state, epoch);
  return failed(state, code, now_ms);
}

/**
 * Ends the work. A video that has frames of its own is brought to its end by its worker, and completed with what was made.
 * One without any ends at once and costs nothing; a worker on it is refused at its next call. Safe to repeat.
 */
export function cancel(state: VideoState, now_ms: number): Transition {
  if (isCancelled(state)) return { state, events: [] };
  if (state.ended_by === 'owner' && state.status !== 'failed') return { state, events: [] };
  if (isFinished(state.status)) {
    throw new EverframeError('video_finished', `The video is ${state.status}: there is nothing left to cancel.`);
  }
  if (newFrames(state.command, state.frames_done) > 0) return end(state, 'owner');
  const error = { code: 'cancelled', message: 'The video was cancelled by its owner.' } as const;
  return {
    state: { ...finish(state, 'failed', now_ms), error, held: false },
    events: [{ type: 'cancelled', epoch: state.epoch, frames_done: state.frames_done }],
  };
}

/** Tells a video to end behind what is made of it. The first reason stays. */
function end(state: VideoState, by: EndedBy): Transition {
  const { ended_by, epoch, frames_done } = state;
  if (ended_by !== null) return { state, events: [] };
  return { state: { ...state, ended_by: by }, events: [{ type: 'ending', epoch, frames_done, by }] };
}

/** Whether the video's worker is to bring it to its end. */
export function isEnding({ ended_by, status }: Pick<VideoState, 'ended_by' | 'status'>): boolean {
  return ended_by !== null && !isFinished(status);
}

/** What came of asking for the next block of an endless video's price. @param seconds 0: nothing more can be paid, so it ends */
export function payAhead(state: VideoState, seconds: number): Transition {
  const { endless, price } = state;
  if (!endless || !price) throw new Error('a video with an end is paid for as a whole');
  if (seconds === 0) return end(state, 'credits');
  const paid = { ...endless, paid_seconds: endless.paid_seconds + seconds, blocks: endless.blocks + 1 };
  return {
    state: { ...state, endless: paid, price: { ...price, micro_usd: price.micro_usd + seconds * price.micro_usd_per_second } },
    events: [],
  };
}

export function isCancelled({ status, error }: Pick<VideoState, 'status' | 'error'>): boolean {
  return status === 'failed' && error?.code === 'cancelled';
}

/** Gives the video back. A worker that shuts down is no attempt of the video's; one that ran into an error is. */
export function release(state: VideoState, request: ReleaseRequest, now_ms: number): Transition {
  const { epoch } = request;
  requireOwnership(state, epoch);
  if (state.status === 'queued') return { state, events: [] };
  requireLease(state, epoch);
  const released: VideoEvent = { type: 'released', epoch };
  if (request.reason === 'error') {
    const left = leave(state, released, request.code, now_ms);
    return { ...left, wait_ms: retryDelay(state) };
  }
  const fruitless_attempts = Math.max(0, state.fruitless_attempts - 1);
  return { state: { ...moveTo(state, 'queued'), lease: null, fruitless_attempts }, events: [released] };
}

/** Nothing where the lease is alive. */
export function expireLease(state: VideoState, now_ms: number): Transition {
  if (!state.lease || state.lease.ends_at_ms > now_ms) return { state, events: [] };
  return leave(state, { type: 'lease_expired', epoch: state.epoch }, 'worker_lost', now_ms);
}

/** The end of an attempt: back to the queue, or failed with `code` after the last one. */
function leave(state: VideoState, event: VideoEvent, code: FailureCode, now_ms: number): Transition {
  if (state.fruitless_attempts < MAX_FRUITLESS_ATTEMPTS) {
    return { state: { ...moveTo(state, 'queued'), lease: null }, events: [event] };
  }
  const last = failed(state, code, now_ms);
  return { state: last.state, events: [event, ...last.events] };
}

function retryDelay({ fruitless_attempts }: VideoState): number {
  return 1000 * (fruitless_attempts <= 1 ? RETRY_DELAYS_SECONDS.first : RETRY_DELAYS_SECONDS.later);
}

/** Whether the current epoch brought a commit: its claim counted as an attempt, and a commit ends the count. */
function hasCommitted(state: VideoState): boolean {
  return state.fruitless_attempts === 0;
}

function failed(state: VideoState, code: FailureCode, now_ms: number): Transition {
  const error = { code, message: FAILURE_SENTENCES[code] };
  return { state: { ...finish(state, 'failed', now_ms), error }, events: [{ type: 'failed', epoch: state.epoch, code }] };
}

function finish(state: VideoState, status: VideoStatus, now_ms: number): VideoState {
  return { ...moveTo(state, status), lease: null, expires_at_ms: now_ms + RETENTION_DAYS * 24 * 60 * 60 * 1000 };
}

function moveTo(state: VideoState, status: VideoStatus): VideoState {
  if (!TRANSITIONS[state.status].includes(status)) throw new Error(`a ${state.status} video cannot become ${status}`);
  return { ...state, status };
}

function renewLease(state: VideoState, epoch: number, ends_at_ms: number): VideoState {
  return { ...state, lease: { ...requireLease(state, epoch), ends_at_ms }, ticket_ends_at_ms: ends_at_ms };
}

function requireParent(state: VideoState, parent: string | null): void {
  const last = state.last_commit?.id ?? null;
  if (parent === last) return;
  throw new EverframeError('parent_mismatch', `The parent must be the last commit, ${last ?? 'null'}; got ${parent ?? 'null'}.`, {
    param: 'parent',
  });
}

function requireEqual(param: string, value: number, expected: number): void {
  if (value === expected) return;
  throw new EverframeError('invalid_value', `'${param}' must follow on the last commit: ${expected}; got ${value}.`, { param });
}
