/** Polls a video until it is finished and tells how far it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, Video } from './api-client.ts';
import { durationText, progressText } from './progress.ts';

const POLL_MS = 500;

/**
 * @param failure rejects when nobody is left to make the video
 * @returns the video, `completed` or `failed`
 */
export async function waitForVideo(
  client: ApiClient,
  created: Video,
  failure: Promise<never>,
  interrupt: AbortSignal,
  show: (text: string) => void,
): Promise<Video> {
  let began_at_ms: number | undefined;
  for (let video = created; ; video = await Promise.race([client.getVideo(created.id), failure])) {
    if (video.status === 'completed' || video.status === 'failed') return video;
    if (video.status === 'in_progress') began_at_ms ??= Date.now();
    show(describe(video, began_at_ms === undefined ? 0 : Date.now() - began_at_ms));
    await Promise.race([sleep(POLL_MS, undefined, { signal: interrupt }), failure]);
  }
}

function describe(video: Video, elapsed_ms: number): string {
  // Another server may tell only the percentage.
  const { done, total } = video.frames ?? { done: video.progress, total: 100 };
  if (video.status === 'queued')
    return done > 0
      ? `Waiting for a worker again (${done}${total === null ? '' : ` of ${total}`} frames are kept)`
      : 'Waiting for a worker';
  if (total === null)
    return `${done} frames${video.fps ? `, ${durationText(Math.floor(done / video.fps))}` : ''}; Ctrl-C ends and saves the video`;
  if (done >= total) return 'All frames are made; joining and signing';
  return progressText({ frames_done: done, frames_total: total, video_seconds: Number(video.seconds), elapsed_ms });
}
