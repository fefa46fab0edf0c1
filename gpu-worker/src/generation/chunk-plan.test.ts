import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelPackage } from '@everframe/shared';
import { planChunks } from './chunk-plan.ts';

function plan(frames: number, chunk_frames: number, overlap_frames: number) {
  const model = { chunk: { frames: chunk_frames, overlap_frames, anchor_frame: 0 } } as ModelPackage;
  return planChunks({ frames, prompt: 'a red ball' }, model);
}

test('chunk ranges tile [0, frames) in order, whatever the lengths', () => {
  for (const [chunk_frames, overlap_frames] of [
    [12, 4],
    [16, 8],
    [5, 4],
    [3, 1],
  ] as const) {
    for (let frames = 1; frames <= 200; frames++) {
      const plans = plan(frames, chunk_frames, overlap_frames);
      let next = 0;
      for (const [index, { chunk_index, first_frame, end_frame, overlap_frames: overlap }] of plans.entries()) {
        assert.equal(chunk_index, index);
        assert.equal(first_frame, next);
        assert.ok(end_frame > first_frame, 'every chunk delivers something');
        assert.ok(overlap + end_frame - first_frame <= chunk_frames, 'no chunk delivers more than it makes');
        next = end_frame;
      }
      assert.equal(next, frames);
    }
  }
});

test('the first chunk is all new, later ones begin with the overlap, the last delivers what is left', () => {
  const ranges = plan(30, 12, 4).map(({ first_frame, end_frame, overlap_frames }) => [first_frame, end_frame, overlap_frames]);
  assert.deepEqual(ranges, [
    [0, 12, 0],
    [12, 20, 4],
    [20, 28, 4],
    [28, 30, 4],
  ]);
});

test('a video shorter than a chunk is one chunk', () => {
  assert.equal(plan(8, 12, 4).length, 1);
});

test('a longer video begins with the same chunks, so that it can be continued', () => {
  assert.deepEqual(plan(60, 12, 4).slice(0, 4), plan(36, 12, 4));
});
