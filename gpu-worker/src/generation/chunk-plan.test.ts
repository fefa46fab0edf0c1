import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelPackage, PromptSegment } from '@everframe/shared';
import { planChunks } from './chunk-plan.ts';

/** Chunks of 2 latent frames of 4 frames each. */
const MODEL = { chunk: { latent_frames: 2 }, latent: { frames_per_latent: 4 } } as ModelPackage;

function plan(frames: number, segments: PromptSegment[] = []) {
  return planChunks({ frames, prompt: 'a red ball', segments }, MODEL);
}

/** Prompt of each chunk and whether it renews the anchor. */
function obeyed(segments: PromptSegment[]) {
  return plan(40, segments).map(({ prompt, renews_anchor }) => [prompt, renews_anchor]);
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

test('a prompt takes effect at the first chunk border at or behind its start', () => {
  for (const [start_frame, chunk] of [
    [0, 0],
    [1, 1],
    [8, 1],
    [9, 2],
    [32, 4],
  ] as const) {
    const prompts = plan(40, [{ start_frame, prompt: 'a fish', anchor: 'renew' }]).map(({ prompt }) => prompt);
    assert.equal(prompts.indexOf('a fish'), chunk);
    assert.equal(prompts.lastIndexOf('a red ball'), chunk - 1);
  }
});

test('the anchor is taken in the first chunk, and again under each new prompt that renews it', () => {
  const segments: PromptSegment[] = [
    { start_frame: 8, prompt: 'a fish', anchor: 'renew' },
    { start_frame: 24, prompt: 'a bird', anchor: 'keep' },
  ];
  assert.deepEqual(obeyed(segments), [
    ['a red ball', true],
    ['a fish', true],
    ['a fish', false],
    ['a bird', false],
    ['a bird', false],
  ]);
});

test('of two prompts that would begin with one chunk the later counts', () => {
  const segments: PromptSegment[] = [
    { start_frame: 9, prompt: 'a fish', anchor: 'renew' },
    { start_frame: 15, prompt: 'a bird', anchor: 'keep' },
  ];
  assert.deepEqual(obeyed(segments).slice(1, 3), [
    ['a red ball', false],
    ['a bird', false],
  ]);
});
