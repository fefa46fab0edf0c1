import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Counter, drawBelow, drawNormals, type Key, type NoiseKey, philox4x32 } from './noise.ts';

const KEY: NoiseKey = { seed: 7, stage: 'stream', index: 3, step: 0, purpose: 'initial_latents' };

/** Known answers: `philox4x32 10` in Random123's tests/kat_vectors. */
const KNOWN: [Counter, Key, Counter][] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

test('the generator gives the known answers of Random123', () => {
  for (const [counter, key, expected] of KNOWN) assert.deepEqual(philox4x32(counter, key), expected);
});

test('the first normals of a key never change, since every stored seed depends on them', () => {
  // Python: log, sqrt, cos and sin of the math module on the words of the same key and counter, as float32.
  const expected = [
    0.38040074706077576, -0.29627788066864014, -0.2492334246635437, -1.00383722782135, 0.6269478797912598, -0.6339837908744812,
  ];
  assert.deepEqual([...drawNormals({ ...KEY, seed: 1, index: 0 }, 6)], expected);
});

test('normals have mean 0, variance 1 and the tails of the normal distribution', () => {
  const count = 200_000;
  const normals = drawNormals(KEY, count);
  const mean = normals.reduce((sum, value) => sum + value, 0) / count;
  const variance = normals.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
  const beyond_two = normals.filter((value) => Math.abs(value) > 2).length / count;
  assert.ok(Math.abs(mean) < 0.01, `mean ${mean}`);
  assert.ok(Math.abs(variance - 1) < 0.02, `variance ${variance}`);
  assert.ok(Math.abs(beyond_two - 0.0455) < 0.003, `beyond two deviations ${beyond_two}`);
});

test('a shorter draw is the beginning of a longer one', () => {
  assert.deepEqual(drawNormals(KEY, 5), drawNormals(KEY, 1000).slice(0, 5));
});

test('seed, stage, chunk and step each give other noise, and seed and chunk do not stand in for each other', () => {
  const draws = [
    KEY,
    { ...KEY, seed: 8 },
    { ...KEY, index: 4 },
    { ...KEY, step: 1 },
    { ...KEY, seed: 8, index: 2 },
    { ...KEY, stage: 'refine' } as const,
  ];
  const seen = new Set(draws.map((key) => drawNormals(key, 8).join()));
  assert.equal(seen.size, draws.length);
});

test('seeds are told apart over their whole range', () => {
  const seen = new Set([0, 1, 2 ** 31, 2 ** 32 - 1].map((seed) => drawNormals({ ...KEY, seed }, 4).join()));
  assert.equal(seen.size, 4);
});

test('numbers below a bound are all of them, each as often', () => {
  const counts = [0, 0, 0];
  for (let index = 0; index < 3000; index++) {
    const drawn = drawBelow({ ...KEY, stage: 'refine', index, purpose: 'blend_offset' }, 3);
    counts[drawn] = (counts[drawn] ?? Number.NaN) + 1;
  }
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 100, counts.join());
  assert.equal(drawBelow(KEY, 1), 0);
  assert.equal(drawBelow(KEY, 0), 0);
});
