import assert from 'node:assert/strict';
import { test } from 'node:test';
import { float32 } from '../model/tensor.ts';
import { mixTexts } from './prompt-mix.ts';

function encoding(values: number[], mask: number[]) {
  return { text: float32([1, mask.length, 2], Float32Array.from(values)), text_mask: float32([1, mask.length], Float32Array.from(mask)) };
}

test('one text alone is itself, padding and all', () => {
  const alone = encoding([1, 2, 9, 9], [1, 0]);
  assert.equal(mixTexts([{ encoding: alone, weight: 1 }]), alone);
});

test('texts are summed by weight, padding counts for nothing, and every token of either is there', () => {
  const short = encoding([1, 2, 9, 9, 9, 9], [1, 0, 0]);
  const long = encoding([5, 6, 8, 4, 9, 9], [1, 1, 0]);
  const mixed = mixTexts([
    { encoding: short, weight: 0.75 },
    { encoding: long, weight: 0.25 },
  ]);
  assert.deepEqual([...mixed.text.values], [2, 3, 2, 1, 0, 0]);
  assert.deepEqual([...mixed.text_mask.values], [1, 1, 0]);
});
