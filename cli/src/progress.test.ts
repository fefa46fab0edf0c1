/** What a person reads while a video is made. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { durationText, ProgressLine, progressText, StepLine } from './progress.ts';

it('progress shows frames, speed against playback and time left', () => {
  const text = progressText({ frames_done: 24, frames_total: 96, video_seconds: 12, elapsed_ms: 6000 });
  assert.equal(text, '[######------------------]  24/96 frames  0.50x real time  18 s left');
});

it('progress guesses nothing before the first frames', () => {
  const text = progressText({ frames_done: 0, frames_total: 32, video_seconds: 4, elapsed_ms: 2000 });
  assert.equal(text, '[------------------------]  0/32 frames');
});

it('progress does not speak of time left when none is', () => {
  const text = progressText({ frames_done: 32, frames_total: 32, video_seconds: 4, elapsed_ms: 200 });
  assert.equal(text, '[########################]  32/32 frames  20x real time');
});

it('durations are in the units a person would use', () => {
  assert.deepEqual([durationText(59), durationText(185), durationText(7800)], ['59 s', '3 min 5 s', '2 h 10 min']);
});

it('a terminal gets one line that is drawn again, a file a plain line now and then', () => {
  const terminal = fakeStream(true);
  const drawn = new ProgressLine(terminal.stream);
  drawn.show('one', 10_000);
  drawn.show('one', 10_100);
  drawn.show('two', 10_200);
  drawn.end();
  assert.equal(terminal.text(), '\r\x1b[2Kone\r\x1b[2Ktwo\n');

  const file = fakeStream(false);
  const plain = new ProgressLine(file.stream);
  plain.show('one', 10_000);
  plain.show('two', 10_200);
  plain.show('three', 20_000);
  plain.end();
  plain.show('four', 20_100);
  assert.equal(file.text(), 'one\nthree\nfour\n');
});

it('a start names its steps: on one line of a terminal, which is taken away, or in a line for each', () => {
  const texts = [true, false].map((isTTY) => {
    const { stream, text } = fakeStream(isTTY);
    const steps = new StepLine(stream, 'Starting');
    steps.step('the queue');
    steps.step('the edge');
    steps.clear();
    return text();
  });
  assert.deepEqual(texts, [
    '\r\x1b[2KStarting: the queue ...\r\x1b[2KStarting: the edge ...\r\x1b[2K',
    'Starting: the queue ...\nStarting: the edge ...\n',
  ]);
});

function fakeStream(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  const parts: string[] = [];
  const stream = { isTTY, columns: 80, write: (part: string) => parts.push(part) > 0 };
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => parts.join('') };
}
