/** Where an edited chunk begins, against the closed form, for every kind of solver. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { float32 } from '../model/tensor.ts';
import { noisyStart, skippedSteps } from './edit-start.ts';
import { type Predict, sample } from './sampler.ts';
import { noiseLevels, type Schedule } from './schedule.ts';

const DIMS = [1, 1, 1, 2, 2];
const CLEAN = float32(DIMS, Float32Array.of(0.5, -1, 2, 0));
const NOISE = float32(DIMS, Float32Array.of(-0.25, 0.75, 1.5, -2));
const FLOW = { num_inference_steps: 8, shift: 3, first_chunk_guidance_scale: 1, guidance_scale: 1, sampler: 'euler', eta: 0 } as Schedule;
const BETAS = { curve: 'scaled-linear', start: 0.00085, end: 0.012, train_timesteps: 1000 } as const;
const SCHEDULES: Readonly<Record<string, Schedule>> = {
  euler: FLOW,
  'dpm-solver-2m': { ...FLOW, sampler: 'dpm-solver-2m', betas: { ...BETAS, prediction: 'v', spacing: 'trailing' } },
  ddim: { ...FLOW, sampler: 'ddim', eta: 1, betas: { ...BETAS, prediction: 'epsilon', spacing: 'leading' } },
};

test('strength is the share of the steps that are taken, to the nearest, and at least one where it is above 0', () => {
  const cases = [
    [1, 0],
    [0.95, 0],
    [0.75, 2],
    [0.5, 4],
    [0.19, 6],
    [0.01, 7],
    [0, 8],
  ] as const;
  for (const [strength, skipped] of cases) assert.equal(skippedSteps(8, strength), skipped, String(strength));
});

test('a flow is begun at (1 - sigma) * clean + sigma * noise, where sigma is 3 s / (1 + 2 s) of the even s', () => {
  const levels = noiseLevels(FLOW);
  for (let skipped = 1; skipped < 8; skipped++) {
    const even = 1 - skipped / 8;
    const sigma = (3 * even) / (1 + 2 * even);
    const { values } = noisyStart(CLEAN, NOISE, levels, skipped);
    for (const [index, value] of values.entries()) {
      const expected = (1 - sigma) * (CLEAN.values[index] ?? 0) + sigma * (NOISE.values[index] ?? 0);
      assert.ok(Math.abs(value - expected) < 1e-6, `${skipped}: ${value} instead of ${expected}`);
    }
  }
});

test('under betas it is begun at sqrt(a) * clean + sqrt(1 - a) * noise, where a is the product of 1 - beta', () => {
  const levels = noiseLevels(SCHEDULES.ddim ?? FLOW);
  const skipped = 3;
  let product = 1;
  // The leading spacing of eight steps in a thousand: timestep 4 * 125 + 1 is the fourth.
  for (let timestep = 0; timestep <= 4 * 125 + 1; timestep++) {
    const root = Math.sqrt(0.00085) + (Math.sqrt(0.012) - Math.sqrt(0.00085)) * (timestep / 999);
    product *= 1 - root ** 2;
  }
  const { values } = noisyStart(CLEAN, NOISE, levels, skipped);
  for (const [index, value] of values.entries()) {
    const expected = Math.sqrt(product) * (CLEAN.values[index] ?? 0) + Math.sqrt(1 - product) * (NOISE.values[index] ?? 0);
    assert.ok(Math.abs(value - expected) < 1e-6, `${value} instead of ${expected}`);
  }
});

for (const [name, schedule] of Object.entries(SCHEDULES)) {
  const run = async (strength: number | null) => {
    const told: number[] = [];
    const drawn: number[] = [];
    const predict: Predict = async ({ dims, values }, level) => {
      told.push(level.told);
      return float32(
        dims,
        values.map((value) => 0.8 * Math.sin(value + 1)),
      );
    };
    const noiseOf = (step: number) => {
      drawn.push(step);
      return new Float32Array(4).fill(Math.cos(step));
    };
    const source = strength === null ? null : { latents: CLEAN, strength };
    return { made: await sample(schedule, NOISE, predict, noiseOf, source), told, drawn };
  };

  test(`${name}: strength 1 takes every step from the noise, as if there were no source; strength 0 takes none`, async () => {
    const plain = await run(null);
    assert.equal(plain.told.length, 8);
    assert.deepEqual(await run(1), plain);
    const { made, told } = await run(0);
    assert.deepEqual([made, told], [CLEAN, []]);
  });

  test(`${name}: between them the last steps are taken, each at its own level and with its own noise`, async () => {
    const plain = await run(null);
    const half = await run(0.5);
    assert.deepEqual(half.told, plain.told.slice(4));
    assert.deepEqual(half.drawn, plain.drawn.slice(4));
    assert.notDeepEqual(half.made, plain.made);
    assert.notDeepEqual(half.made, CLEAN);
  });
}
