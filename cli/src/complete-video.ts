/**
 * From a created video to a completed one. The first interrupt ends it with what is made of it, as a viewer who has seen
 * enough would; a video without a frame is deleted. The second ends this process (interrupt.ts) and leaves the rest to the service.
 */
import type { ApiClient, Video } from './api-client.ts';
import { Failure } from './failure.ts';
import { ProgressLine } from './progress.ts';
import { waitForVideo } from './wait-for-video.ts';

export interface Completing {
  /** Outlives the interrupt. */
  readonly client: ApiClient;
  readonly failure: Promise<never>;
  readonly interrupt: AbortSignal;
  readonly say: (text: string) => void;
  readonly stopCommand: (id: string) => string;
  /** What becomes of the video where this process leaves it: a sentence. */
  readonly leftBehind: (id: string) => string;
}

/**
 * @returns the completed video, shorter than it was asked for where it was interrupted
 * @throws Failure where it failed; the reason of `interrupt` where nothing was made of it
 */
export async function completeVideo(created: Video, completing: Completing): Promise<Video> {
  const { client, failure, interrupt } = completing;
  const line = new ProgressLine(process.stderr);
  const waiting = { ...completing, line };
  try {
    const video = await waitForVideo(created, waiting).catch(async (error: unknown) => {
      if (!interrupt.aborted) throw error;
      line.end();
      const ending = await endVideo(created.id, completing);
      if (!ending) throw interrupt.reason;
      return waitForVideo(ending, { ...waiting, client, failure, interrupt: new AbortController().signal });
    });
    if (video.status === 'failed') throw new Failure(`The video failed: ${video.error?.message ?? 'no reason was given.'}`);
    return video;
  } finally {
    line.end();
  }
}

/** @returns undefined where there is nothing to wait for */
async function endVideo(id: string, { client, say, leftBehind }: Completing): Promise<Video | undefined> {
  let video: Video;
  try {
    video = await client.cancelVideo(id).catch(() => client.getVideo(id));
  } catch {
    // The server is gone: the person is told, and nothing else is to be done.
    say(`Stopped. ${id} could not be ended, so a worker may still make it.`);
    return undefined;
  }
  if (video.error?.code === 'cancelled') {
    await client.deleteVideo(id).catch(() => undefined);
    say('Stopped before a frame was made, and the video deleted.');
    return undefined;
  }
  if (video.status === 'completed' || video.status === 'failed') return video;
  if (!video.ended_by) {
    say(`Stopped. This service cannot end ${id} early, so a worker may still make it.`);
    return undefined;
  }
  const frames = video.frames ? `the ${video.frames.done} frames that are made` : 'what is made';
  say(`Ending the video with ${frames}, and those in hand. Ctrl-C again leaves at once: ${leftBehind(id)}`);
  return video;
}
