import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LivePrompt } from '@everframe/shared';
import { COMMAND, MODELS, never, standIn } from '../testing/toy-model.ts';
import { loadState, saveState } from './checkpoint.ts';
import { planChunks } from './chunk-plan.ts';
import type { OpenedModel } from './family.ts';
import { type Chunk, generate } from './generate.ts';
import { startState } from './state.ts';
import { Timeline } from './timeline.ts';

/** Chunks of 2 latent frames of 4 frames each. */
const DESCRIPTION = { latent_frames: 2, latent: { channels: 1, height: 1, width: 1, frames_per_latent: 4 } };
const VIDEO = { frames: 40, prompt: 'a ball', negative_prompt: '', segments: [] };

function live(start_frame: number | null, prompt = 'a fish', anchor: LivePrompt['anchor'] = 'renew', blend_chunks = 0): LivePrompt {
  return { start_frame, prompt, anchor, blend_chunks };
}

function rest(timeline: Timeline) {
  const plans = [];
  for (let plan = timeline.take(); plan; plan = timeline.take()) plans.push(plan);
  return plans;
}

/** A timeline of which `count` chunks are taken. */
function taken(count: number): Timeline {
  const timeline = new Timeline(VIDEO, DESCRIPTION);
  timeline.skipTo(count, 0);
  return timeline;
}

test('a timeline that nobody steers gives the plan of its command, and then nothing', () => {
  const command = { ...VIDEO, segments: [{ start_frame: 9, prompt: 'a fish', anchor: 'renew' as const, blend_chunks: 1 }] };
  const timeline = new Timeline(command, DESCRIPTION);
  assert.deepEqual(rest(timeline), planChunks(command, DESCRIPTION));
  assert.equal(timeline.take(), null);
});

test('a video without end is planned a chunk at a time', () => {
  const timeline = new Timeline({ ...VIDEO, frames: Number.MAX_SAFE_INTEGER }, DESCRIPTION);
  const unfinished = timeline.skipTo(50_000, 49_998);
  assert.deepEqual(
    unfinished.map(({ chunk_index }) => chunk_index),
    [49_998, 49_999],
  );
  assert.deepEqual(timeline.skipTo(50_000, 49_998), unfinished);
  assert.deepEqual([timeline.take()?.first_frame, timeline.take()?.chunk_index], [400_000, 50_001]);
});

test('a prompt takes effect at the first border at or behind its time; without a time, at the next one', () => {
  for (const [asked, start_frame, chunk_index] of [
    [9, 9, 2],
    [16, 16, 2],
    [17, 17, 3],
    [32, 32, 4],
    [null, 16, 2],
  ] as const) {
    const timeline = taken(2);
    const applied = { start_frame, applied_frame: 8 * chunk_index, chunk_index };
    const answer = timeline.steer(live(asked));
    assert.deepEqual(answer, { outcome: 'accepted', segment: { ...live(null), start_frame }, applied });
    assert.deepEqual(
      rest(timeline).flatMap((plan) => plan.applied),
      [applied],
    );
  }
});

test('a prompt for the past is refused with a reason, and changes nothing', () => {
  for (const start_frame of [0, 5, 8]) {
    const timeline = taken(2);
    const answer = timeline.steer(live(start_frame));
    assert.ok(answer.outcome === 'refused');
    assert.deepEqual([answer.reason, answer.first_free_frame], ['past', 9]);
    assert.match(answer.message, new RegExp(`frame ${start_frame} is made already; .* from frame 16 on, if it is asked for at 9 or later`));
    assert.deepEqual(rest(timeline), planChunks(VIDEO, DESCRIPTION).slice(2));
  }
});

test('before the first chunk every time is free', () => {
  assert.equal(taken(0).steer(live(0)).outcome, 'accepted');
  assert.equal(taken(0).steer(live(null)).outcome, 'accepted');
});

test('a prompt behind the last border is refused: it would never be seen', () => {
  for (const [count, start_frame] of [
    [2, 33],
    [2, 400],
    [5, null],
  ] as const) {
    const answer = taken(count).steer(live(start_frame));
    assert.ok(answer.outcome === 'refused');
    assert.equal(answer.reason, 'behind_end');
  }
});

test('of two prompts for one border the one that came last counts', () => {
  const timeline = taken(2);
  timeline.steer(live(16, 'a fish'));
  timeline.steer(live(null, 'a bird'));
  timeline.steer(live(24, 'a boat'));
  assert.deepEqual(
    rest(timeline).map(({ prompts }) => prompts[0]?.prompt),
    ['a bird', 'a boat', 'a boat'],
  );
});

test('a stopped video ends with the chunks that are taken, and has at least one', () => {
  const timeline = taken(2);
  assert.equal(timeline.stop(), 16);
  assert.equal(timeline.take(), null);
  assert.equal(taken(0).stop(), 8);
  assert.equal(taken(5).stop(), 40);
});

/** Makes a video and calls `after` behind each of its chunks. */
async function steered(opened: OpenedModel, after: (timeline: Timeline, chunk: Chunk) => void) {
  const command = { ...COMMAND, frames: 48 };
  const timeline = new Timeline(command, opened.family.describe());
  const chunks: Chunk[] = [];
  for await (const chunk of generate(command, opened, startState(command, opened), never, timeline)) {
    chunks.push(chunk);
    after(timeline, chunk);
  }
  return chunks;
}

for (const [kind, model] of Object.entries(MODELS)) {
  test(`${kind}: a steered video is the one that had its prompt from the start, and resumes to the same bytes`, async () => {
    const { opened } = standIn(model);
    const segments: (LivePrompt & { start_frame: number })[] = [];
    const chunks = await steered(opened, (timeline, { chunk_index }) => {
      if (chunk_index !== 2) return;
      const answer = timeline.steer(live(null, 'a blue ball', 'blend', 2));
      assert.ok(answer.outcome === 'accepted');
      segments.push(answer.segment);
      assert.equal(timeline.steer(live(answer.applied.applied_frame - 4)).outcome, 'refused');
    });
    const command = { ...COMMAND, frames: 48, segments };
    const whole: Chunk[] = [];
    for await (const chunk of generate(command, opened, startState(command, opened), never)) whole.push(chunk);
    assert.deepEqual(chunks, whole);
    const first = chunks[2]?.state.next_chunk;
    assert.deepEqual(
      chunks.flatMap(({ applied }) => applied),
      [{ start_frame: segments[0]?.start_frame, applied_frame: 4 * (first ?? 0), chunk_index: first }],
    );
    for (const [index, { state }] of chunks.entries()) {
      if (index < 2) continue;
      const resumed: Chunk[] = [];
      const loaded = await loadState(await saveState(state, opened), command, opened);
      for await (const chunk of generate(command, opened, loaded, never)) resumed.push(chunk);
      assert.deepEqual(resumed, whole.slice(index + 1));
    }
  });

  test(`${kind}: a video that is stopped delivers what is made, as a video of that length would`, async () => {
    const { opened } = standIn(model);
    let frames = 0;
    const chunks = await steered(opened, (timeline, { chunk_index }) => {
      if (chunk_index === 3) frames = timeline.stop();
    });
    assert.equal(chunks.at(-1)?.first_frame, frames - 4);
    const command = { ...COMMAND, frames };
    const whole: Chunk[] = [];
    for await (const chunk of generate(command, opened, startState(command, opened), never)) whole.push(chunk);
    assert.deepEqual(chunks, whole);
  });
}
