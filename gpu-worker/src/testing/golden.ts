/** For tests: the inputs and summaries of models/golden.py. */
import assert from 'node:assert/strict';
import type { FrameTexts } from '../generation/refine-chunk.ts';
import { type Dims, type Float32Tensor, float32, sizeOf } from '../model/tensor.ts';
import { joinTexts, type TextEncoder } from '../model/text-encoder.ts';

/** Samples are spread evenly over the flat order. */
export interface Summary {
  readonly shape: number[];
  readonly samples: number[];
  readonly mean: number;
  readonly mean_square: number;
}

/** sin(0.37 * i) over the flat index. */
export function wave(...dims: Dims): Float32Tensor {
  return float32(
    dims,
    Float32Array.from({ length: sizeOf(dims) }, (_, index) => Math.sin(0.37 * index)),
  );
}

/** Of so many latent frames the first half are told the first prompt, the others and those behind them the second. */
export async function tellHalves(text_encoder: TextEncoder, prompts: readonly [string, string], frames: number): Promise<FrameTexts> {
  const [first, second] = [await text_encoder.encode(prompts[0]), await text_encoder.encode(prompts[1])];
  return { of: (from, count) => joinTexts(Array.from({ length: count }, (_, index) => (2 * (from + index) < frames ? first : second))) };
}

/** Every number of the summary within `tolerance`; the mean square by as much as values of its size that are so far off make it. */
export function assertSummary({ dims, values }: Float32Tensor, expected: Summary, tolerance: number): void {
  const near = (found: number, wanted: number, what: string, within = tolerance) =>
    assert.ok(Math.abs(found - wanted) <= within, `${what}: ${found} instead of ${wanted}, tolerance ${within}`);
  assert.deepEqual([...dims], expected.shape);
  for (const [index, wanted] of expected.samples.entries()) {
    const place = Math.floor((index * values.length) / expected.samples.length);
    near(values[place] ?? Number.NaN, wanted, `value ${place}`);
  }
  near(values.reduce((sum, value) => sum + value, 0) / values.length, expected.mean, 'mean');
  const mean_square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  near(mean_square, expected.mean_square, 'mean square', tolerance * Math.max(1, Math.sqrt(expected.mean_square)));
}
