/** A worker's JSON as a person reads it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { workerLogText } from './worker-log-text.ts';

const NOON = new Date(2026, 10, 22, 12, 0, 0);

it('a commit is one line with its frames and without its timings', () => {
  const line = {
    level: 'info',
    message: 'committed',
    worker: 7,
    video_id: 'video_1',
    epoch: 1,
    chunk_index: 2,
    frames_done: 24,
    frames_total: 32,
    denoise_ms: 812,
  } as const;
  assert.equal(workerLogText(line, NOON), '12:00:00  video_1  committed  24 of 32 frames');
});

it('an error says what and why', () => {
  const line = { level: 'error', message: 'job failed', video_id: 'video_1', error: 'the disk is full' } as const;
  assert.equal(workerLogText(line, NOON), '12:00:00  video_1  ERROR  job failed  the disk is full');
});

it("a worker's own chatter is left out", () => {
  assert.equal(workerLogText({ level: 'info', message: 'ready', provider: 'cpu' }, NOON), undefined);
});
