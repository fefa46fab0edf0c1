/** Polls a video until it is finished and tells how far it is, and what it waits behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, Video } from './api-client.ts';
import { Failure } from './failure.ts';
import { durationText, type ProgressLine, progressText } from './progress.ts';
import { queueAheadText } from './queue-ahead.ts';

const POLL_MS = 500;
/** A worker that is free takes a video within a second or two. */
const TELL_QUEUE_AFTER_MS = 4000;

export interface Waiting {
  readonly client: ApiClient;
  /** Rejects when nobody is left to make the video. */
  readonly failure: Promise<never>;
  readonly interrupt: AbortSignal;
  readonly line: ProgressLine;
  readonly say: (text: string) => void;
  /** The command that ends another video. */
  readonly stopCommand: (id: string) => string;
}

/**
 * @returns the video, `completed` or `failed`
 * @throws the reason of `interrupt` as soon as it aborts
 */
export async function waitForVideo(created: Video, waiting: Waiting): Promise<Video> {
  const { client, failure, interrupt, line } = waiting;
  const interrupted = rejectOnAbort(interrupt);
  const began_waiting_ms = Date.now();
  let began_at_ms: number | undefined;
  let has_told_queue = false;
  for (let video = created; ; video = await Promise.race([client.getVideo(created.id), failure, interrupted])) {
    if (video.status === 'completed' || video.status === 'failed') return video;
    const now_ms = Date.now();
    if (video.status === 'in_progress') began_at_ms ??= now_ms;
    else if (!has_told_queue && now_ms - began_waiting_ms > TELL_QUEUE_AFTER_MS) {
      has_told_queue = true;
      await Promise.race([tellQueue(video, waiting), failure, interrupted]);
    }
    line.show(describe(video, began_at_ms === undefined ? 0 : now_ms - began_at_ms), now_ms);
    await Promise.race([sleep(POLL_MS, undefined, { signal: interrupt }), failure]);
  }
}

/** Only told: a list that fails costs the video nothing. */
async function tellQueue(video: Video, { client, line, say, stopCommand }: Waiting): Promise<void> {
  try {
    const lines = queueAheadText(await client.listVideos(), video.id, stopCommand);
    if (lines.length > 0) line.end();
    for (const text of lines) say(text);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // It may abort when nobody waits for this video any more.
  aborted.catch(() => undefined);
  return aborted;
}

function describe(video: Video, elapsed_ms: number): string {
  // Another server may tell only the percentage.
  const { done, total } = video.frames ?? { done: video.progress, total: 100 };
  if (video.ended_by) return `Ending the video: ${done} frames`;
  if (video.status === 'queued')
    return done > 0
      ? `Waiting for a worker again (${done}${total === null ? '' : ` of ${total}`} frames are kept)`
      : 'Waiting for a worker';
  if (total === null)
    return `${done} frames${video.fps ? `, ${durationText(Math.floor(done / video.fps))}` : ''}; Ctrl-C ends and saves the video`;
  if (done >= total) return 'All frames are made; joining and signing';
  return progressText({ frames_done: done, frames_total: total, video_seconds: Number(video.seconds), elapsed_ms });
}
