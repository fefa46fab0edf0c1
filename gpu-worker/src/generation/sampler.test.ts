/** Every solver against an implementation that is not ours. The numbers are written by models/golden_samplers.py, which says how. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { float32 } from '../model/tensor.ts';
import { type BetaSchedule, betaLevels, timestepsOf } from './beta-schedule.ts';
import { sampleDdim } from './ddim.ts';
import { sampleDpmSolver2m } from './dpm-solver-2m.ts';
import { type Predict, sample, sampleEuler } from './sampler.ts';
import { makeSigmas, type NoiseLevel, type Schedule } from './schedule.ts';

interface GoldenCase {
  readonly sampler: Schedule['sampler'];
  readonly num_inference_steps: number;
  readonly shift?: number;
  readonly sigmas?: number[];
  readonly betas?: BetaSchedule;
  readonly timesteps?: number[];
  readonly eta?: number;
  readonly latents: number[];
}

const golden: { cases: GoldenCase[] } = JSON.parse(readFileSync(join(import.meta.dirname, 'samplers.golden.json'), 'utf8'));
/** Of each number's size, and of 1 below that: the other implementation keeps its schedules in float32. */
const TOLERANCE = 4e-6;
const SIZE = 8;
const DIMS = [1, 1, 2, 2, 2];
const START = float32(
  DIMS,
  Float32Array.from({ length: SIZE }, (_, index) => 2 * Math.sin(0.37 * index)),
);

/** @param told_of what the stand-in is told at a level, of 1 */
function standIn(told_of: number): { predict: Predict; levels: NoiseLevel[] } {
  const levels: NoiseLevel[] = [];
  return {
    levels,
    async predict({ dims, values }, level) {
      levels.push(level);
      return float32(
        dims,
        values.map((value) => 0.8 * Math.sin(1.3 * value + level.told / told_of)),
      );
    },
  };
}

function stepNoise(step: number): Float32Array {
  return Float32Array.from({ length: SIZE }, (_, index) => Math.cos(0.91 * index + step));
}

function assertNear(found: Float32Array, expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  for (const [index, wanted] of expected.entries()) {
    const error = Math.abs((found[index] ?? Number.NaN) - wanted);
    assert.ok(error < TOLERANCE * Math.max(1, Math.abs(wanted)), `value ${index}: ${found[index]} instead of ${wanted}`);
  }
}

function run({ sampler, num_inference_steps, sigmas, betas, eta = 0 }: GoldenCase) {
  const { predict } = standIn(betas?.train_timesteps ?? 1);
  const levels = betas ? betaLevels(betas, num_inference_steps) : (sigmas ?? []).map((sigma) => ({ told: sigma, alpha: 1 - sigma, sigma }));
  const prediction = betas?.prediction ?? 'velocity';
  switch (sampler) {
    case 'euler':
      return sampleEuler(levels, START, predict);
    case 'ddim':
      return sampleDdim(levels, START, predict, prediction, eta, stepNoise);
    case 'dpm-solver-2m':
      return sampleDpmSolver2m(levels, START, predict, prediction);
  }
}

for (const [index, golden_case] of golden.cases.entries()) {
  const { sampler, num_inference_steps, shift, betas, eta, latents } = golden_case;
  const kind = betas ? `${betas.curve} betas, ${betas.prediction}, ${betas.spacing}` : `shift ${shift}`;
  test(`case ${index}: ${num_inference_steps} steps of ${sampler}, ${kind}, eta ${eta ?? 0}, arrive where the reference does`, async () => {
    assertNear((await run(golden_case)).values, latents);
  });
}

test('steps are taken at the timesteps and sigmas of the reference', () => {
  for (const { betas, num_inference_steps, timesteps, sampler, shift, sigmas } of golden.cases) {
    if (betas) assert.deepEqual(timestepsOf(betas, num_inference_steps), timesteps);
    if (sampler === 'euler') assertNear(Float32Array.from(makeSigmas(num_inference_steps, shift ?? Number.NaN)), sigmas ?? []);
  }
});

test('trailing timesteps that fall between two are rounded to the even one, as in the reference', () => {
  const betas: BetaSchedule = {
    ...{ curve: 'linear', start: 0.1, end: 0.2, train_timesteps: 1000, prediction: 'v', spacing: 'trailing' },
  };
  assert.deepEqual(timestepsOf(betas, 16).slice(0, 4), [999, 937, 874, 811]);
});

const SCHEDULE: Schedule = {
  ...{ num_inference_steps: 5, shift: 3, first_chunk_guidance_scale: 1, guidance_scale: 1, sampler: 'euler', eta: 0 },
};
const BETAS: BetaSchedule = {
  ...{ curve: 'scaled-linear', start: 0.00085, end: 0.012, train_timesteps: 1000, prediction: 'v', spacing: 'trailing' },
};

test('each sampler asks the network once a step, from noise downwards', async () => {
  for (const schedule of [
    SCHEDULE,
    { ...SCHEDULE, sampler: 'dpm-solver-2m' },
    { ...SCHEDULE, sampler: 'ddim', betas: BETAS },
    { ...SCHEDULE, sampler: 'dpm-solver-2m', betas: BETAS },
  ] as const) {
    const { predict, levels } = standIn(1000);
    await sample(schedule, START, predict, stepNoise);
    assert.equal(levels.length, 5);
    assert.ok(levels.every(({ sigma }, index) => index === 0 || sigma < (levels[index - 1]?.sigma ?? 0)));
  }
});

test('a network that knows what is clean arrives there by every sampler', async () => {
  const clean = START.values.map((value) => value / 3);
  const knowing =
    (betas: BetaSchedule | undefined): Predict =>
    async ({ dims, values }, { alpha, sigma }) =>
      float32(
        dims,
        values.map((noisy, index) => {
          const goal = clean[index] ?? Number.NaN;
          const noise = (noisy - alpha * goal) / sigma;
          if (!betas) return noise - goal;
          return betas.prediction === 'v' ? alpha * noise - sigma * goal : noise;
        }),
      );
  for (const sampler of ['euler', 'ddim', 'dpm-solver-2m'] as const) {
    for (const betas of sampler === 'euler' ? [undefined] : [BETAS, { ...BETAS, prediction: 'epsilon' } as const]) {
      assertNear((await sample({ ...SCHEDULE, sampler, betas, eta: 0.5 }, START, knowing(betas), stepNoise)).values, [...clean]);
    }
  }
});

test('DDIM draws noise only where eta asks for it, and none in the step that arrives', async () => {
  const drawn: number[] = [];
  const noise = (step: number) => {
    drawn.push(step);
    return stepNoise(step);
  };
  const { predict } = standIn(1000);
  await sample({ ...SCHEDULE, sampler: 'ddim', betas: BETAS }, START, predict, noise);
  assert.deepEqual(drawn, []);
  await sample({ ...SCHEDULE, sampler: 'ddim', betas: BETAS, eta: 1 }, START, predict, noise);
  assert.deepEqual(drawn, [0, 1, 2, 3]);
});
