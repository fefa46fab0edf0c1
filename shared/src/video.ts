/** The state of a video: what its Durable Object keeps, and which step may follow which. */

import type { Asset } from './commit.ts';
import type { FailureCode, VideoErrorCode } from './errors.ts';
import type { GenerationCommand } from './generation.ts';
import type { Price } from './price.ts';

/** The four words of OpenAI's contract; clients loop on the first two. */
export type VideoStatus = 'queued' | 'in_progress' | 'completed' | 'failed';

/** From each status, those that may follow. `in_progress` to `queued`: released, or the lease ran out. */
export const TRANSITIONS: Readonly<Record<VideoStatus, readonly VideoStatus[]>> = {
  queued: ['in_progress', 'failed'],
  in_progress: ['queued', 'completed', 'failed'],
  completed: [],
  failed: [],
};

export function isFinished(status: VideoStatus): boolean {
  return TRANSITIONS[status].length === 0;
}

export interface VideoRecord {
  readonly id: string;
  readonly account_id: string;
  readonly command: GenerationCommand;
  readonly status: VideoStatus;
  /** Unix milliseconds. */
  readonly created_at_ms: number;
  readonly completed_at_ms: number | null;
  readonly expires_at_ms: number | null;
  /** Frames committed so far; the video is whole at `command.frames`. */
  readonly frames_done: number;
  /** Raised by each claim; whatever an older epoch sends is refused. */
  readonly epoch: number;
  readonly error: { readonly code: VideoErrorCode; readonly message: string } | null;
  readonly video: Asset | null;
  readonly thumbnail: Asset | null;
  /** Null also where an older worker made a part of the video. */
  readonly spritesheet: Asset | null;
  /** What the service states of its file, signed, the newest last: one for each time that the file was published. See `publication.ts`. */
  readonly publications: readonly string[];
  /** What was reserved for it; null for a video made before there were prices. */
  readonly price: Price | null;
  /** Null for a video that has a length of its own. */
  readonly endless: Endless | null;
  /** Who told it to end behind what is made of it, while its worker brings it there and after; null where nobody did. */
  readonly ended_by: EndedBy | null;
  /** The request that made it, which its messages, its claims and the log name. */
  readonly request_id: string | null;
  /** The video that this one was made after. */
  readonly remixed_from_video_id: string | null;
  /** A copy of the signed file of the video that this one is made after, until it is signed itself. */
  readonly parent_file: Asset | null;
  /** A copy of the latents of the video that this one edits. */
  readonly source: Asset | null;
  /** Who is told of its end, beside the account's webhook endpoints. */
  readonly callback: Callback | null;
}

/** An address that the request named, and the origin that it was sent to: what the told addresses begin with. */
export interface Callback {
  readonly url: string;
  readonly origin: string;
}

/** What an endless video knows beside the others. */
export interface Endless {
  /** Seconds paid for ahead, in so many blocks. */
  readonly paid_seconds: number;
  readonly blocks: number;
  /** Of all its segments: the finished file must be one that can be uploaded. */
  readonly bytes: number;
}

/** The last two end only endless videos. */
export type EndedBy = 'owner' | 'credits' | 'limit';

/** One line of a video's history, in order; kept by its Durable Object. */
export type VideoEvent =
  | { readonly type: 'queued' | 'released' | 'lease_expired'; readonly epoch: number }
  | { readonly type: 'claimed'; readonly epoch: number; readonly worker_id: string }
  | { readonly type: 'committed'; readonly epoch: number; readonly chunk_index: number; readonly frames_done: number }
  | { readonly type: 'ending'; readonly epoch: number; readonly frames_done: number; readonly by: EndedBy }
  | { readonly type: 'prompt_answered'; readonly epoch: number; readonly prompt_id: string; readonly outcome: PromptOutcome }
  | { readonly type: 'completed'; readonly epoch: number }
  | { readonly type: 'cancelled'; readonly epoch: number; readonly frames_done: number }
  | { readonly type: 'failed'; readonly epoch: number; readonly code: FailureCode };

/** What a worker says of a prompt that came while the video was made; frame and chunk are those it takes effect at. */
export type PromptOutcome =
  | { readonly status: 'scheduled'; readonly frame: number; readonly chunk_index: number }
  | { readonly status: 'refused'; readonly code: 'past' | 'behind_end' };

export type RecordedEvent = VideoEvent & { readonly id: number; readonly created_at_ms: number };
