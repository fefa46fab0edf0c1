/**
 * A video that was published without a time-stamp, until it has one: who works on that, how often it was asked for, and what takes the
 * files' place. Pure, as the other steps of a video's life. The object's outbox asks again, so a worker that dies or finds no authority
 * owes no answer.
 */
import {
  type Asset,
  EverframeError,
  epochPrefix,
  finalKey,
  RESTAMP_WAIT_SECONDS,
  type RestampedRequest,
  spritesheetKey,
  thumbnailKey,
} from '@everframe/shared';
import { requireOwnership } from './lease.ts';
import type { VideoState } from './video-state.ts';

export interface Restamp {
  /** How often the queue has heard of it. */
  readonly tries: number;
  readonly lease: { readonly worker_id: string; readonly ends_at_ms: number } | null;
}

export const NOT_TRIED: Restamp = { tries: 0, lease: null };

/** Raises the epoch, so that of two workers only the later one counts. What this one uploads is to go unless it takes a place. */
export function claimRestamp(state: VideoState, worker_id: string, ends_at_ms: number, now_ms: number): VideoState {
  const { restamp } = state;
  if (!restamp) throw nothingToDo();
  if (restamp.lease && restamp.lease.ends_at_ms > now_ms && restamp.lease.worker_id !== worker_id) {
    throw new EverframeError('lease_held', 'A worker is asking for its time-stamps already. Delete the message.');
  }
  const epoch = state.epoch + 1;
  return {
    ...state,
    epoch,
    replaced: [...state.replaced, ...[finalKey, thumbnailKey, spritesheetKey].map((key) => key(state.id, epoch))],
    restamp: { ...restamp, lease: { worker_id, ends_at_ms } },
    ticket_ends_at_ms: Math.max(state.ticket_ends_at_ms ?? 0, ends_at_ms),
  };
}

/** Repeated, it changes nothing. */
export function restamped(state: VideoState, request: RestampedRequest): VideoState {
  requireOwnership(state, request.epoch);
  if (request.outcome !== 'stamped') return { ...state, restamp: null };
  const { video = state.video, thumbnail = state.thumbnail, spritesheet = state.spritesheet, publication } = request;
  const keysOf = (files: readonly (Asset | null)[]) => files.flatMap((asset) => asset?.key ?? []);
  const kept = keysOf([video, thumbnail, spritesheet]);
  const gone = keysOf([state.video, state.thumbnail, state.spritesheet]).filter((key) => !kept.includes(key));
  if (gone.length > 0 && !state.restamp) throw nothingToDo();
  const is_new = publication !== undefined && !state.publications.includes(publication);
  const publications = is_new ? [...state.publications, publication] : state.publications;
  const replaced = [...new Set([...state.replaced, ...gone])].filter((key) => !kept.includes(key));
  return { ...state, restamp: null, video, thumbnail, spritesheet, publications, replaced };
}

/** Keys of what may be deleted: nothing points to it, and nobody is about to bring it. */
export function droppable({ id, epoch, restamp, replaced }: VideoState): string[] {
  return replaced.filter((key) => !restamp?.lease || !key.startsWith(epochPrefix(id, epoch)));
}

/** Milliseconds until it is asked for again. @param first_seconds the first wait */
export function restampWait(first_seconds: number, tries: number): number {
  return 1000 * Math.min(RESTAMP_WAIT_SECONDS.max, first_seconds * 2 ** tries);
}

function nothingToDo(): EverframeError {
  return new EverframeError('video_finished', 'The video lacks no time-stamp: there is nothing left to do. Delete the message.');
}
