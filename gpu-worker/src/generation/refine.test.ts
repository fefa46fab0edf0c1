import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refinerDelay } from '@everframe/shared';
import type { RefinerInputs } from '../model/refiner.ts';
import { type Float32Tensor, float32, joinFrames, latentDims, sizeOf, sliceFrames } from '../model/tensor.ts';
import { refineStreamed, refineWhole } from '../testing/refine-whole.ts';
import { drain, refine, startWavefront } from './refine.ts';
import type { Refinement, RefinerSettings } from './refine-chunk.ts';

const LATENT = { channels: 2, height: 1, width: 2, frames_per_latent: 4 };
const SETTINGS: RefinerSettings = {
  latent_height: 2,
  latent_width: 2,
  chunk_latent_frames: 4,
  overlap_latent_frames: 2,
  num_inference_steps: 3,
  shift: 1.5,
  blending: 'exact',
  reads_text: false,
};
const SEED = 9;

/** Depends on all that it is given, and mixes every frame of a chunk with its neighbours. */
function mix({ latents, sigma, base }: RefinerInputs): Float32Tensor {
  const { frames } = latentDims(latents);
  const place = SETTINGS.latent_height * SETTINGS.latent_width;
  const values = latents.values.map((value, index) => {
    const frame = Math.floor(index / place) % frames;
    const before = frame === 0 ? 0 : (latents.values[index - place] ?? 0);
    const behind = frame === frames - 1 ? 0 : (latents.values[index + place] ?? 0);
    return Math.sin(value + before - 0.7 * behind) - 0.5 * (base.values[index >> 1] ?? 0) + (sigma.values[0] ?? 0);
  });
  return float32(latents.dims, values);
}

function refinementOf(settings: RefinerSettings, predict = mix) {
  const asked: RefinerInputs[] = [];
  const network = {
    async predict(inputs: RefinerInputs) {
      asked.push(inputs);
      return predict(inputs);
    },
  };
  const refinement: Refinement = { network, settings, texts: null, seed: SEED, signal: new AbortController().signal };
  return { refinement, asked };
}

function baseLatents(frames: number): Float32Tensor {
  const dims = [1, LATENT.channels, frames, LATENT.height, LATENT.width];
  const values = Float32Array.from({ length: sizeOf(dims) }, (_, index) => Math.sin(0.37 * index));
  return float32(dims, values);
}

for (const frames of [2, 4, 6, 8, 34, 120]) {
  test(`${frames} latent frames refined as they come are those of the whole video, bit for bit`, async () => {
    for (const num_inference_steps of [1, 2, 4]) {
      const { refinement, asked } = refinementOf({ ...SETTINGS, num_inference_steps });
      const whole = await refineWhole(refinement, baseLatents(frames));
      const passes = asked.length;
      const { result } = await refineStreamed(refinement, baseLatents(frames), 2);
      assert.deepEqual(result, whole);
      assert.equal(asked.length, 2 * passes, 'no chunk is predicted twice');
    }
  });
}

test('other lengths, overlaps and portions make no difference', async () => {
  for (const [chunk_latent_frames, overlap_latent_frames] of [
    [3, 1],
    [5, 2],
    [4, 3],
    [6, 4],
    [2, 0],
  ] as const) {
    const { refinement } = refinementOf({ ...SETTINGS, chunk_latent_frames, overlap_latent_frames });
    for (const frames of [1, 2, 7, 12]) {
      const whole = await refineWhole(refinement, baseLatents(frames));
      for (const at_once of [1, 3, 12]) {
        assert.deepEqual(
          (await refineStreamed(refinement, baseLatents(frames), at_once)).result,
          whole,
          `${frames} frames, ${at_once} at once`,
        );
      }
    }
  }
});

for (const blending of ['exact', 'causal'] as const) {
  test(`${blending}: finished frames follow the base by the declared delay, never earlier or later`, async () => {
    for (const num_inference_steps of [1, 2, 4]) {
      const settings = { ...SETTINGS, num_inference_steps, blending };
      const delay = refinerDelay(settings);
      const { finished_after } = await refineStreamed(refinementOf(settings).refinement, baseLatents(40), 2);
      assert.deepEqual(
        finished_after,
        finished_after.map((_, index) => Math.max(0, 2 * (index + 1) - delay)),
      );
    }
  });

  test(`${blending}: what is in flight is the same however long the video`, async () => {
    const { wavefronts } = await refineStreamed(refinementOf({ ...SETTINGS, blending }).refinement, baseLatents(120), 2);
    const held = wavefronts.map((wavefront) =>
      wavefront.reduce((sum, { latents, tail }) => sum + latentDims(latents).frames + latentDims(tail).frames, 0),
    );
    const most = SETTINGS.num_inference_steps * (SETTINGS.chunk_latent_frames + SETTINGS.overlap_latent_frames);
    assert.ok(Math.max(...held) < most, `${Math.max(...held)} latent frames`);
    assert.equal(new Set(held.slice(SETTINGS.num_inference_steps)).size, 1);
  });
}

test('the declared delay is a chunk for each step, or one chunk where blending is causal', () => {
  assert.equal(refinerDelay({ ...SETTINGS, num_inference_steps: 4 }), 8);
  assert.equal(refinerDelay({ ...SETTINGS, num_inference_steps: 4, blending: 'causal' }), 2);
  assert.equal(refinerDelay({ ...SETTINGS, chunk_latent_frames: 2, overlap_latent_frames: 0 }), 0);
});

test('causal: what is finished does not depend on what follows', async () => {
  const { refinement } = refinementOf({ ...SETTINGS, blending: 'causal' });
  const other = joinFrames(sliceFrames(baseLatents(20), 0, 8), baseLatents(12));
  const [first, second] = [await refineStreamed(refinement, baseLatents(20), 2), await refineStreamed(refinement, other, 2)];
  const known = 8 - refinerDelay(refinement.settings);
  assert.deepEqual(sliceFrames(first.result, 0, known), sliceFrames(second.result, 0, known));
  assert.notDeepEqual(first.result, second.result);
});

test('causal: a short video, which is one chunk, is the exact one', async () => {
  const { result } = await refineStreamed(refinementOf({ ...SETTINGS, blending: 'causal' }).refinement, baseLatents(4), 2);
  assert.deepEqual(result, await refineWhole(refinementOf(SETTINGS).refinement, baseLatents(4)));
});

test('a network that knows what is clean arrives there, whatever the cuts', async () => {
  const clean = 0.25;
  const knowing = ({ latents, sigma }: RefinerInputs) =>
    float32(
      latents.dims,
      latents.values.map((value) => (value - clean) / (sigma.values[0] ?? 1)),
    );
  for (const blending of ['exact', 'causal'] as const) {
    const { result } = await refineStreamed(refinementOf({ ...SETTINGS, blending }, knowing).refinement, baseLatents(14), 2);
    for (const value of result.values) assert.ok(Math.abs(value - clean) < 1e-6);
  }
});

test('a drained wavefront is as it was, so that the video can be made longer', async () => {
  const { refinement } = refinementOf(SETTINGS);
  const { wavefronts } = await refineStreamed(refinement, baseLatents(8), 2);
  const wavefront = wavefronts.at(-1);
  assert.ok(wavefront);
  const before = structuredClone(wavefront);
  await drain(refinement, wavefront);
  assert.deepEqual(wavefront, before);
});

test('an abort takes effect before the next pass', async () => {
  const abort = new AbortController();
  let passes = 0;
  const network = {
    async predict(inputs: RefinerInputs) {
      passes++;
      abort.abort(new Error('enough'));
      return mix(inputs);
    },
  };
  const refinement = { network, settings: SETTINGS, texts: null, seed: SEED, signal: abort.signal };
  await assert.rejects(refine(refinement, startWavefront(SETTINGS, LATENT), baseLatents(12)), /enough/);
  assert.equal(passes, 1);
});
