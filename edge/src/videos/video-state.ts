/** All that a video's Durable Object knows beside its commits and events: the record, and who works on it. */
import {
  type Asset,
  type Callback,
  type Credential,
  type GenerationCommand,
  type Price,
  type Segment,
  secondsAhead,
  type VideoRecord,
} from '@everframe/shared';
import type { Restamp } from './restamp.ts';

export interface VideoState extends VideoRecord {
  readonly lease: { readonly worker_id: string; readonly ends_at_ms: number } | null;
  /** Unix milliseconds at which the last ticket handed out ends, whatever became of its lease; null before the first. */
  readonly ticket_ends_at_ms: number | null;
  /** Claims in a row that brought no commit. */
  readonly fruitless_attempts: number;
  /** The last commit, which the next one must name and follow. */
  readonly last_commit: { readonly id: string; readonly chunk_index: number } | null;
  /** Unix milliseconds. From then on the video is unknown to everyone; what is stored of it goes soon after. */
  readonly deleted_at_ms: number | null;
  /** Waits in its account's list until its turn comes; the queue has not heard of it. */
  readonly held: boolean;
  /** By what the signed file is found again; null before the end, and for what older workers made. */
  readonly credential: Credential | null;
  /** As long as its files lack a time-stamp that they can have; else null. */
  readonly restamp: Restamp | null;
  /** Keys of files that another one has taken the place of; they go a while later. */
  readonly replaced: readonly string[];
}

export interface NewVideo {
  readonly id: string;
  readonly account_id: string;
  readonly command: GenerationCommand;
  readonly created_at_ms: number;
  readonly price: Price | null;
  readonly request_id: string | null;
  readonly held: boolean;
  /** @default null */
  readonly remixed_from_video_id?: string | null;
  /** @default null */
  readonly parent_file?: Asset | null;
  /** Of the video that its command edits, under its own prefix. @default null */
  readonly source?: Asset | null;
  /** @default null */
  readonly callback?: Callback | null;
  /** Of the video that its command continues, under its own prefix. @default null */
  readonly beginning?: Beginning | null;
}

/** Chunks that a video has before any was made for it, and the state behind them. */
export interface Beginning {
  readonly segments: readonly Segment[];
  readonly checkpoint: Asset;
}

export function newVideoState(video: NewVideo): VideoState {
  const { id, account_id, command, created_at_ms, price, request_id, held, remixed_from_video_id = null } = video;
  const { parent_file = null, source = null, callback = null, beginning } = video;
  const last_segment = beginning?.segments.at(-1);
  return {
    id,
    account_id,
    command,
    status: 'queued',
    created_at_ms,
    completed_at_ms: null,
    expires_at_ms: null,
    frames_done: command.continues?.kept_frames ?? 0,
    epoch: 0,
    error: null,
    video: null,
    thumbnail: null,
    spritesheet: null,
    price,
    request_id,
    remixed_from_video_id,
    endless: command.endless ? { paid_seconds: secondsAhead(command), blocks: 1, bytes: 0 } : null,
    ended_by: null,
    parent_file,
    source,
    callback,
    lease: null,
    ticket_ends_at_ms: null,
    fruitless_attempts: 0,
    last_commit: last_segment ? { id: `beginning-${last_segment.chunk_index}`, chunk_index: last_segment.chunk_index } : null,
    deleted_at_ms: null,
    held,
    credential: null,
    publications: [],
    restamp: null,
    replaced: [],
  };
}
