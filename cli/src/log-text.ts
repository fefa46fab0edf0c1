/** The worker's and the edge's log lines as a person reads them: one short line for each thing that happens to a video. */
import type { LogLine } from './stack/log-line.ts';

const HIDDEN = [
  'time',
  'ts',
  'request_id',
  'account_id',
  'level',
  'message',
  'worker',
  'video_id',
  'epoch',
  'frames_done',
  'frames_total',
  'chunk_index',
];

/** The line, or undefined where it is of no interest at a terminal. */
export function logText(line: LogLine, now: Date): string | undefined {
  const { level, message, video_id } = line;
  if (level === 'info' && video_id === undefined) return undefined;
  const parts = [now.toTimeString().slice(0, 8), ...(video_id === undefined ? [] : [String(video_id)])];
  if (level !== 'info') parts.push(level === 'error' ? 'ERROR' : 'warning');
  return [...parts, message, ...progressOf(line), ...restOf(line)].join('  ');
}

function progressOf({ frames_done, frames_total }: LogLine): string[] {
  // An endless video has no total.
  const counts = [frames_done, frames_total].filter((count) => typeof count === 'number');
  return counts.length > 0 ? [`${counts.join(' of ')} frames`] : [];
}

function restOf(line: LogLine): string[] {
  return Object.entries(line)
    .filter(([name, value]) => !HIDDEN.includes(name) && !name.endsWith('_ms') && ['string', 'number'].includes(typeof value))
    .map(([name, value]) => (name === 'error' || name === 'detail' ? String(value) : `${name} ${value}`));
}
