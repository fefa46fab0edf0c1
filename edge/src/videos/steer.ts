/** A prompt for a video that is not finished: judged by what is made of it, counted, and recorded for its worker. Once for each request. */
import {
  EverframeError,
  isFinished,
  LIVE_PROMPTS_MAX,
  LIVE_PROMPTS_MAX_CHARACTERS,
  type LivePrompt,
  SDK_RETRY_SECONDS,
} from '@everframe/shared';
import { countPrompts, findRepeated, insertPrompt, type RequestMark, type StoredPrompt } from './prompt-table.ts';
import { isEnding } from './transitions.ts';
import type { VideoState } from './video-state.ts';

export interface SteerRequest {
  readonly prompt: LivePrompt;
  /** The chunk border where it would take effect, in frames; null for the next one that is free. */
  readonly border: number | null;
  readonly mark: RequestMark;
}

export interface Steered {
  readonly prompt: StoredPrompt;
  readonly replayed: boolean;
}

/** @throws EverframeError for a finished video, a time that is past, one prompt too many, or a key that came with another body */
export function steer(sql: SqlStorage, state: VideoState, { prompt, border, mark }: SteerRequest, now_ms: number): Steered {
  const before = findRepeated(sql, mark, now_ms - SDK_RETRY_SECONDS * 1000);
  if (before) {
    if (before.body_hash === mark.body_hash) return { prompt: { ...before.prompt, answer: null }, replayed: true };
    throw new EverframeError(
      'idempotency_key_reused',
      "This 'idempotency-key' came to this video with another body before. Send the same body again, or a new key for a new prompt.",
      { param: 'idempotency-key' },
    );
  }
  if (isFinished(state.status)) {
    throw new EverframeError('video_finished', `The video is ${state.status}: no prompt can change it. Make a remix.`);
  }
  if (isEnding(state)) throw new EverframeError('prompt_too_late', 'The video is being brought to its end. Make a remix.');
  requireFuture(state, border);
  requireRoom(sql, prompt);
  const stored = { id: `prompt_${crypto.randomUUID().replaceAll('-', '')}`, created_at_ms: now_ms, prompt, answer: null };
  insertPrompt(sql, stored, mark);
  return { prompt: stored, replayed: false };
}

/** What the edge can know: the worker is ahead of its commits, and may refuse a prompt that is allowed here. */
function requireFuture({ command, frames_done }: VideoState, border: number | null): void {
  const { frames, fps } = command;
  if (frames_done >= frames) {
    throw new EverframeError('prompt_too_late', 'All frames of the video are made; it is being signed. Make a remix.');
  }
  if (border === null || border >= frames_done) return;
  throw new EverframeError(
    'prompt_too_late',
    `The video is made up to ${frames_done / fps} s already, so nothing changes at ${border / fps} s. Leave 'at' out, or give a later time.`,
    { param: 'at' },
  );
}

function requireRoom(sql: SqlStorage, { prompt }: LivePrompt): void {
  const { in_all, unanswered, characters } = countPrompts(sql);
  if (unanswered >= LIVE_PROMPTS_MAX.unanswered) {
    throw new EverframeError(
      'too_many_prompts',
      `${unanswered} prompts of this video are unanswered; there may be ${LIVE_PROMPTS_MAX.unanswered}. Wait until a chunk is made.`,
    );
  }
  if (in_all >= LIVE_PROMPTS_MAX.in_all) {
    throw new EverframeError(
      'too_many_prompts',
      `A video takes at most ${LIVE_PROMPTS_MAX.in_all} prompts while it is made; it had ${in_all}.`,
    );
  }
  if (characters + prompt.length > LIVE_PROMPTS_MAX_CHARACTERS) {
    throw new EverframeError(
      'too_many_prompts',
      `The prompts of a video may have ${LIVE_PROMPTS_MAX_CHARACTERS} characters in all; with this one they have ${characters + prompt.length}.`,
    );
  }
}
