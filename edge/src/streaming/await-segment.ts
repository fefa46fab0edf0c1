/**
 * Holds a player back until a video has its first segment: none of them waits long at an empty playlist (hls.js gives up at
 * the third), and all of them wait for an answer.
 */
import { PLAYER } from '../events/event-readers.ts';
import type { PublicEvent } from '../events/public-events.ts';
import type { VideoObject } from '../videos/video-object.ts';

/** hls.js gives a playlist 10 s to begin to come. */
const PATIENCE_MS = 6000;

/** Ends with the first segment, with the video, or when the time is over. */
export async function awaitFirstSegment(video: DurableObjectStub<VideoObject>): Promise<void> {
  const { webSocket } = await video.fetch(`http://video/events?reader=${PLAYER}`, { headers: { upgrade: 'websocket' } });
  // Where too many wait, this one gets the empty playlist.
  if (!webSocket) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, PATIENCE_MS);
  webSocket.addEventListener('close', () => resolve());
  webSocket.addEventListener('error', () => resolve());
  webSocket.addEventListener('message', ({ data }) => {
    const events = JSON.parse(String(data)) as PublicEvent[];
    if (events.some(({ type }) => type === 'video.segment')) resolve();
  });
  webSocket.accept();
  await promise;
  clearTimeout(timer);
  webSocket.close(1000);
}
