import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ModelPackage, type PromptSegment, parseSegments } from '@everframe/shared';
import { type AnchorChange, planChunks } from './chunk-plan.ts';

/** Chunks of 2 latent frames of 4 frames each. */
const DESCRIPTION = { latent_frames: 2, latent: { channels: 1, height: 1, width: 1, frames_per_latent: 4 } };

function plan(frames: number, segments: PromptSegment[] = []) {
  return planChunks({ frames, prompt: 'a red ball', negative_prompt: '', segments }, DESCRIPTION);
}

function segment(start_frame: number, prompt: string, anchor: PromptSegment['anchor'] = 'renew', blend_chunks = 0): PromptSegment {
  return { start_frame, prompt, anchor, blend_chunks };
}

/** Prompts of each chunk with their weights in percent, and what becomes of the anchor. */
function obeyed(segments: PromptSegment[]) {
  return plan(40, segments).map(({ prompts, change }) => [
    prompts.map(({ prompt, weight }) => `${Math.round(100 * weight)} ${prompt}`).join(', '),
    said(change),
  ]);
}

function said(change: AnchorChange | null): string | null {
  if (change?.anchor !== 'blend') return change?.anchor ?? null;
  return `${Math.round(100 * change.share)} new`;
}

test('chunk ranges tile [0, frames) in order, whatever the length', () => {
  for (let frames = 1; frames <= 200; frames++) {
    let next = 0;
    for (const [index, { chunk_index, first_frame, end_frame }] of plan(frames).entries()) {
      assert.equal(chunk_index, index);
      assert.equal(first_frame, next);
      assert.ok(end_frame > first_frame && end_frame - first_frame <= 8);
      next = end_frame;
    }
    assert.equal(next, frames);
  }
});

test('every chunk adds as many frames, the first too, and the last delivers what is left', () => {
  assert.deepEqual(
    plan(30).map(({ first_frame, end_frame }) => [first_frame, end_frame]),
    [
      [0, 8],
      [8, 16],
      [16, 24],
      [24, 30],
    ],
  );
});

test('a longer video begins with the same chunks, so that it can be continued', () => {
  assert.deepEqual(plan(64).slice(0, 4), plan(32));
});

test('a prompt takes effect at the first chunk border at or behind its start, and the plan says where', () => {
  for (const [start_frame, chunk_index] of [
    [0, 0],
    [1, 1],
    [8, 1],
    [9, 2],
    [32, 4],
  ] as const) {
    const plans = plan(40, [segment(start_frame, 'a fish')]);
    const prompts = plans.map(({ prompts }) => prompts.map(({ prompt }) => prompt).join());
    assert.equal(prompts.indexOf('a fish'), chunk_index);
    assert.equal(prompts.lastIndexOf('a red ball'), chunk_index - 1);
    assert.deepEqual(
      plans.flatMap(({ applied }) => applied),
      [{ start_frame, applied_frame: chunk_index * 8, chunk_index }],
    );
  }
});

test('the anchor is renewed or kept where the prompt changes, and nowhere else', () => {
  assert.deepEqual(obeyed([segment(8, 'a fish'), segment(24, 'a bird', 'keep')]), [
    ['100 a red ball', null],
    ['100 a fish', 'renew'],
    ['100 a fish', null],
    ['100 a bird', 'keep'],
    ['100 a bird', null],
  ]);
});

test('of two prompts that would begin with one chunk the later counts, and it alone is applied', () => {
  const plans = plan(40, [segment(9, 'a fish'), segment(15, 'a bird', 'keep')]);
  assert.deepEqual(
    plans.slice(1, 3).map(({ prompts }) => prompts),
    [[{ prompt: 'a red ball', weight: 1 }], [{ prompt: 'a bird', weight: 1 }]],
  );
  assert.deepEqual(plans[2]?.applied, [{ start_frame: 15, applied_frame: 16, chunk_index: 2 }]);
});

test('a blended prompt comes in over its chunks, and the anchor is renewed when it is alone', () => {
  assert.deepEqual(obeyed([segment(8, 'a fish', 'renew', 3)]), [
    ['100 a red ball', null],
    ['75 a red ball, 25 a fish', 'keep'],
    ['50 a red ball, 50 a fish', null],
    ['25 a red ball, 75 a fish', null],
    ['100 a fish', 'renew'],
  ]);
});

test('a blend is obeyed as a request asks for it', () => {
  const model = { name: 'm', fps: 8, chunk: DESCRIPTION, latent: DESCRIPTION.latent } as unknown as ModelPackage;
  assert.deepEqual(
    obeyed(parseSegments([{ start: '1', prompt: 'a fish', blend: '1' }], model, 5)).map(([prompts]) => prompts),
    ['100 a red ball', '50 a red ball, 50 a fish', '100 a fish', '100 a fish', '100 a fish'],
  );
});

test('an anchor that blends moves with the text, and at once where the text does', () => {
  assert.deepEqual(obeyed([segment(8, 'a fish', 'blend', 1), segment(32, 'a bird', 'blend')]), [
    ['100 a red ball', null],
    ['50 a red ball, 50 a fish', '50 new'],
    ['100 a fish', '100 new'],
    ['100 a fish', null],
    ['100 a bird', '100 new'],
  ]);
});

test('a prompt that overtakes a blend begins with the mix that it finds', () => {
  assert.deepEqual(obeyed([segment(8, 'a fish', 'keep', 3), segment(16, 'a red ball', 'keep', 1)]).slice(1, 4), [
    ['75 a red ball, 25 a fish', 'keep'],
    ['13 a fish, 88 a red ball', 'keep'],
    ['100 a red ball', null],
  ]);
});

test('weights sum to 1 in every chunk', () => {
  for (const { prompts } of plan(80, [segment(8, 'a', 'keep', 5), segment(24, 'b', 'keep', 4), segment(40, 'c', 'keep', 2)])) {
    assert.ok(Math.abs(prompts.reduce((sum, { weight }) => sum + weight, 0) - 1) < 1e-12);
  }
});
