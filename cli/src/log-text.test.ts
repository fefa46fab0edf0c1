/** The JSON of worker and edge as a person reads it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { logText } from './log-text.ts';
import { parseEdgeLine, parseWorkerLine } from './stack/log-line.ts';

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
  assert.equal(logText(line, NOON), '12:00:00  video_1  committed  24 of 32 frames');
});

it('an error says what and why', () => {
  const line = { level: 'error', message: 'job failed', video_id: 'video_1', error: 'the disk is full' } as const;
  assert.equal(logText(line, NOON), '12:00:00  video_1  ERROR  job failed  the disk is full');
});

it("a worker's own chatter is left out", () => {
  assert.equal(logText({ level: 'info', message: 'ready', provider: 'cpu' }, NOON), undefined);
});

it("the edge's lines are told like the worker's", () => {
  const text =
    '{"ts":"2026-11-22T12:00:00.000Z","level":"warn","msg":"errand failed","video_id":"video_1","errand":"announce","failures":2,"error":"no answer"}';
  assert.equal(
    logText(parseEdgeLine('warn', text), NOON),
    '12:00:00  video_1  warning  errand failed  errand announce  failures 2  no answer',
  );
  const failed =
    '{"level":"error","msg":"a worker failed the video","video_id":"video_1","request_id":"req_1","code":"signing_failed","message":"no key"}';
  assert.equal(
    logText(parseEdgeLine('error', failed), NOON),
    '12:00:00  video_1  ERROR  a worker failed the video  code signing_failed  no key',
  );
});

it('what workerd or a native library says is shown as it is', () => {
  assert.equal(logText(parseEdgeLine('error', 'overloaded: retry'), NOON), '12:00:00  ERROR  overloaded: retry');
  assert.equal(logText(parseEdgeLine('log', '{"no":"line"}'), NOON), undefined);
  assert.equal(logText(parseWorkerLine('free(): invalid pointer'), NOON), '12:00:00  warning  free(): invalid pointer');
});
