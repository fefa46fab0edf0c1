import assert from 'node:assert/strict';
import { test } from 'node:test';
import { float32, framesFirst, joinBatches, joinFrames, repeatBatch, singleFrame, sliceFrames, splitBatches } from './tensor.ts';

/** [1, C = 2, F = 3, H = 1, W = 2], each value 100 * channel + 10 * frame + column. */
const LATENTS = float32([1, 2, 3, 1, 2], Float32Array.of(0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121));

test('a slice holds its frames of every channel', () => {
  assert.deepEqual(sliceFrames(LATENTS, 1, 3), float32([1, 2, 2, 1, 2], Float32Array.of(10, 11, 20, 21, 110, 111, 120, 121)));
});

test('a slice beyond the frames is refused', () => {
  assert.throws(() => sliceFrames(LATENTS, 2, 4), /frames \[2, 4\) are not within \[0, 3\)/);
});

test('joining frames undoes cutting them, also where one side has none', () => {
  for (const cut of [0, 1, 3]) assert.deepEqual(joinFrames(sliceFrames(LATENTS, 0, cut), sliceFrames(LATENTS, cut, 3)), LATENTS);
});

test('a single frame has no axis of frames', () => {
  assert.deepEqual(singleFrame(LATENTS, 1), float32([1, 2, 1, 2], Float32Array.of(10, 11, 110, 111)));
});

test('frames first turns [1, C, F, H, W] into [F, C, H, W]', () => {
  const turned = framesFirst(LATENTS);
  assert.deepEqual(turned.dims, [3, 2, 1, 2]);
  assert.deepEqual([...turned.values], [0, 1, 100, 101, 10, 11, 110, 111, 20, 21, 120, 121]);
});

test('splitting a batch undoes joining it', () => {
  const parts = [float32([1, 2], Float32Array.of(1, 2)), float32([1, 2], Float32Array.of(3, 4))] as const;
  assert.deepEqual(splitBatches(joinBatches(parts)), [...parts]);
  assert.deepEqual(splitBatches(repeatBatch(parts[0], 2)), [parts[0], parts[0]]);
});

test('shapes that do not fit are refused', () => {
  assert.throws(() => float32([2, 2], new Float32Array(3)), /\[2,2\] holds 4 values; got 3/);
  assert.throws(() => joinBatches([float32([1, 2]), float32([1, 3])]), /cannot join \[1,2\] and \[1,3\]/);
  assert.throws(() => joinFrames(LATENTS, float32([1, 2, 1, 1, 3])), /cannot join frames of \[1,2,3,1,2\] and \[1,2,1,1,3\]/);
});
