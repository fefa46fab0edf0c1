import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { float32 } from '../model/tensor.ts';
import { cleanLatents, eulerStep, stepTowards } from './euler-step.ts';
import { guide } from './guidance.ts';
import { makeSigmas } from './schedule.ts';

test('sigmas are those of the Python twin', () => {
  // Written by models/golden.py.
  const path = join(import.meta.dirname, '../../../models/packages/everframe-storybook-1/golden/schedule.json');
  const golden = JSON.parse(readFileSync(path, 'utf8'));
  const cases = Object.entries<number[]>(golden.sigmas).map(([steps, sigmas]) => ({ steps: Number(steps), shift: golden.shift, sigmas }));
  cases.push({ steps: golden.shifted.sigmas.length - 1, ...golden.shifted });
  for (const { steps, shift, sigmas } of cases) {
    const made = makeSigmas(steps, shift);
    assert.equal(made.length, sigmas.length);
    for (const [index, sigma] of sigmas.entries()) assert.ok(Math.abs((made[index] ?? Number.NaN) - sigma) < 1e-12, `${steps} steps`);
  }
});

test('sigmas fall from 1 to a final 0, whatever the number of steps and the shift', () => {
  for (const steps of [1, 2, 3, 7, 8, 50]) {
    for (const shift of [0.5, 1, 1.6, 5]) {
      const sigmas = [...makeSigmas(steps, shift)];
      assert.equal(sigmas.length, steps + 1);
      assert.equal(sigmas[0], 1);
      assert.equal(sigmas.at(-1), 0);
      assert.deepEqual(
        sigmas.toSorted((a, b) => b - a),
        sigmas,
      );
    }
  }
});

const CLEAN = float32([1, 1, 2, 1, 2], Float32Array.of(1, -2, 3, 0.5));
const NOISE = float32([1, 1, 2, 1, 2], Float32Array.of(0.25, 0.5, -1, 2));
const VELOCITY = float32(
  CLEAN.dims,
  NOISE.values.map((value, index) => value - (CLEAN.values[index] ?? 0)),
);

test('one step from sigma 1 to 0 along noise - clean arrives at clean', () => {
  assert.deepEqual(eulerStep(NOISE, VELOCITY, 1, 0), CLEAN);
});

test('a velocity points at clean latents, and a step towards them is a step along it', () => {
  assert.deepEqual(cleanLatents(NOISE, VELOCITY, 1), CLEAN);
  assert.deepEqual(stepTowards(NOISE, CLEAN, 1, 0.25), eulerStep(NOISE, VELOCITY, 1, 0.25));
  assert.deepEqual(stepTowards(NOISE, CLEAN, 0.3, 0), CLEAN);
});

test('latents and velocity of different shapes are refused', () => {
  assert.throws(() => eulerStep(NOISE, float32([1, 1, 1, 1, 2]), 1, 0), /\[1,1,2,1,2\] and \[1,1,1,1,2\] do not fit/);
});

test('guidance of 1 is the conditional velocity, of 0 the unconditional, and beyond 1 goes further', () => {
  const conditional = float32([1, 2], Float32Array.of(1, 2));
  const unconditional = float32([1, 2], Float32Array.of(0, 4));
  assert.deepEqual([...guide(conditional, unconditional, 1).values], [1, 2]);
  assert.deepEqual([...guide(conditional, unconditional, 0).values], [0, 4]);
  assert.deepEqual([...guide(conditional, unconditional, 2.5).values], [2.5, -1]);
});
