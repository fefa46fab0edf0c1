/** What a worker does with what the edge asks, on the timeline that plans its chunks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Directive } from '@everframe/shared';
import { Timeline } from './generation/timeline.ts';
import { Steering } from './steering.ts';
import { commandFor } from './testing/inference.ts';

const CHUNK = { latent: { channels: 1, height: 1, width: 1, frames_per_latent: 1 }, latent_frames: 4 };
const prompt = (id: string, start_frame: number | null): Directive => ({
  ...{ type: 'prompt', id },
  prompt: { start_frame, prompt: id, anchor: 'renew', blend_chunks: 0 },
});

/** Of a video of 6 chunks, the first of which is taken. */
function steerTimeline() {
  const command = commandFor(6);
  const timeline = new Timeline(command, CHUNK);
  timeline.take();
  const stream = { steer: async (live: Parameters<Timeline['steer']>[0]) => timeline.steer(live), stop: async () => timeline.stop() };
  return { timeline, steering: new Steering(stream, command, () => undefined) };
}

const starts = ({ command }: Steering) => command.segments.map(({ start_frame, prompt: text }) => [start_frame, text]);

test('a directive that comes again is obeyed once, and its answer is kept until a commit has stored it', async () => {
  const { steering } = steerTimeline();
  await steering.obey([prompt('a', null)]);
  await steering.obey([prompt('a', null), prompt('b', 0)]);
  const { answers } = steering;
  assert.deepEqual(answers, [
    { id: 'a', outcome: 'accepted', start_frame: 4, applied_frame: 4, chunk_index: 1 },
    { id: 'b', outcome: 'refused', reason: 'past', first_free_frame: 1 },
  ]);
  await steering.obey([prompt('a', null), prompt('c', 12)]);
  steering.stored(answers);
  assert.deepEqual(
    steering.answers.map(({ id }) => id),
    ['c'],
  );
  assert.deepEqual(starts(steering), [
    [4, 'a'],
    [12, 'c'],
  ]);
});

test('prompts for one chunk are handed over in the order in which they came', async () => {
  const { steering, timeline } = steerTimeline();
  await Promise.all([steering.obey([prompt('a', 8)]), steering.obey([prompt('a', 8), prompt('b', 8)])]);
  assert.deepEqual(starts(steering), [
    [8, 'a'],
    [8, 'b'],
  ]);
  timeline.take();
  assert.equal(timeline.take()?.prompts[0]?.prompt, 'b');
});

test('a stop ends the video once behind what is made, whatever is asked behind it', async () => {
  const { steering, timeline } = steerTimeline();
  const stop: Directive = { type: 'stop', id: 'stop' };
  await steering.obey([stop]);
  assert.equal(steering.command.frames, 4);
  await steering.obey([prompt('a', null), stop]);
  assert.deepEqual(steering.answers, [{ id: 'a', outcome: 'refused', reason: 'behind_end', first_free_frame: 1 }]);
  assert.equal(timeline.take(), null);
});

test('a stream that has ended leaves directives unanswered', async () => {
  const ended = () => Promise.reject(new Error('the video is not in hand any more'));
  const steering = new Steering({ steer: ended, stop: ended }, commandFor(2), () => undefined);
  await steering.obey([prompt('a', null), { type: 'stop', id: 'stop' }]);
  assert.deepEqual([steering.answers, steering.command], [[], commandFor(2)]);
});
