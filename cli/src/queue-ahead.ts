/** What a video waits behind, as text: what else its account has that is being made or waits, and how that is stopped. */
import type { Video } from './api-client.ts';
import { durationText } from './progress.ts';

/**
 * @param videos of the account, the newest first
 * @returns lines; none where no other video of the account is unfinished
 */
export function queueAheadText(videos: readonly Video[], own_id: string, stopCommand: (id: string) => string): string[] {
  const at = videos.findIndex(({ id }) => id === own_id);
  const older = videos.slice(at + 1);
  const made = videos.filter(({ id, status }) => id !== own_id && status === 'in_progress');
  const waiting = older.filter(({ status }) => status === 'queued').length;
  const lines = made.map((video) => `Before it: ${describe(video)}. To end it with what is made: ${stopCommand(video.id)}`);
  return waiting > 0 ? [...lines, `${waiting === 1 ? 'One more waits' : `${waiting} more wait`} in front of it.`] : lines;
}

function describe({ id, seconds, frames, fps, progress }: Video): string {
  if (seconds !== 'endless') return `${id} is being made, ${seconds} s long, ${progress} % done`;
  const done = frames?.done ?? 0;
  const so_far = fps ? `${durationText(Math.floor(done / fps))} so far` : `${done} frames so far`;
  return `${id} is being made and endless, ${so_far}: it goes on until it is ended`;
}
