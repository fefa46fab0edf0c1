/** What the worker and its inference child say to each other: a call with an id, and one reply with the same id. */
import type { GenerationCommand, LivePrompt } from '@everframe/shared';
import type { Beginning } from './generation/begin-video.ts';
import type { AppliedSegment } from './generation/chunk-plan.ts';
import type { RgbImage } from './generation/family.ts';
import type { SteerAnswer } from './generation/timeline.ts';
import type { InstalledPackage } from './model/model-config.ts';
import type { SessionOptions } from './model/session.ts';

/** A delivered chunk with what must be stored beside it. */
export interface GeneratedChunk {
  readonly chunk_index: number;
  /** Its frames are [first_frame, first_frame + frame_count) of the video. */
  readonly first_frame: number;
  readonly frame_count: number;
  /** RGB bytes [frame_count, height, width, 3]. */
  readonly frames: Uint8Array;
  /** Of segments whose prompt takes effect with this chunk. */
  readonly applied: readonly AppliedSegment[];
  /** As the family made it, for whoever edits the video later; null where the video was begun by a worker that kept none. */
  readonly latents: Uint8Array | null;
  /** The state from which the next chunk is made. */
  readonly checkpoint: Uint8Array;
  readonly denoise_ms: number;
  readonly decode_ms: number;
}

export type Thumbnail = RgbImage;

/** Arguments and result of each call. `stream` numbers the videos in hand. */
export interface Calls {
  /** Opens every network; once, before all others. */
  load: { args: { packages: InstalledPackage[]; options: SessionOptions }; result: null };
  open: { args: { stream: number; command: GenerationCommand; beginning: Beginning }; result: null };
  /** The next chunk, or null behind the last. */
  next: { args: { stream: number }; result: GeneratedChunk | null };
  steer: { args: { stream: number; prompt: LivePrompt }; result: SteerAnswer };
  /** Ends the video behind what is made of it; the frames that it will have. */
  stop: { args: { stream: number }; result: number };
  /** Aborts what is under way in the stream; the reply says that it has stopped. */
  close: { args: { stream: number }; result: null };
  thumbnail: { args: { checkpoint: Uint8Array }; result: Thumbnail };
}

export type Call = { [Name in keyof Calls]: { id: number; call: Name } & Calls[Name]['args'] }[keyof Calls];
export type Reply = { id: number; result: Calls[keyof Calls]['result'] } | { id: number; error: { message: string; retryable: boolean } };
