import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dims, type Float32Tensor, float32, sizeOf } from '../model/tensor.ts';
import { loadState, readState, saveState } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { Family, OpenedModel } from './family.ts';
import { type GenerationState, startState } from './state.ts';

const COMMAND = { model: 'toy', model_version: '1.0.0', seed: 2 ** 32 - 1 };
/** Keeps whatever it is given. */
const family = {
  describe: () => ({ latent: { channels: 2, height: 1, width: 2, frames_per_latent: 4 }, latent_frames: 2 }),
  start: () => ({}),
  save: async (memory) => memory,
  load: async (saved) => saved,
} as Family<Record<string, Float32Tensor>>;
const REFINER = { num_inference_steps: 2, overlap_latent_frames: 2, latent_height: 2, latent_width: 4 };
const OPENED = { family, model: { refiner: REFINER } } as OpenedModel;
const WITHOUT_REFINER = { family, model: { refiner: null as OpenedModel['model']['refiner'] } } as OpenedModel;

function ramp(...dims: Dims) {
  return float32(
    dims,
    Float32Array.from({ length: sizeOf(dims) }, (_, index) => index / 3),
  );
}

function stateAfterTwoChunks(): GenerationState {
  const overlap = float32([1, 2, 2, 1, 2], Float32Array.of(0.1, -0, 1e-40, Number.MAX_VALUE, 5, 6, 7, 8));
  const step = { next_chunk: 1, latents: ramp(1, 2, 2, 2, 4), base: ramp(1, 2, 2, 1, 2), tail: ramp(1, 2, 2, 2, 4) };
  const fresh = { next_chunk: 0, latents: ramp(1, 2, 0, 2, 4), base: ramp(1, 2, 0, 1, 2), tail: ramp(1, 2, 0, 2, 4) };
  const state = { ...startState(COMMAND, OPENED), next_chunk: 2, delivered_chunks: 1, memory: { overlap, anchor: ramp(1, 2, 1, 2) } };
  const kept = { thumbnail: ramp(2, 2, 2, 4), shown: ramp(1, 2, 2, 4), finished: ramp(1, 2, 1, 2, 4) };
  return { ...state, base: ramp(1, 2, 2, 1, 2), wavefront: [step, fresh], ...kept };
}

test('a saved state comes back bit for bit', async () => {
  const state = stateAfterTwoChunks();
  assert.deepEqual(await loadState(await saveState(state, OPENED), COMMAND, OPENED), state);
});

test('a state without refiner and before the first delivery comes back too', async () => {
  const state = { ...stateAfterTwoChunks(), thumbnail: null, shown: null, wavefront: null, finished: ramp(1, 2, 0, 1, 2) };
  assert.deepEqual(await loadState(await saveState(state, WITHOUT_REFINER), COMMAND, WITHOUT_REFINER), state);
});

test('a state comes back from the middle of a larger buffer', async () => {
  const bytes = await saveState(stateAfterTwoChunks(), OPENED);
  const larger = new Uint8Array(bytes.length + 11);
  larger.set(bytes, 3);
  assert.deepEqual(await loadState(larger.subarray(3, 3 + bytes.length), COMMAND, OPENED), stateAfterTwoChunks());
});

for (const [field, value] of [
  ['model', 'other'],
  ['model_version', '1.0.1'],
  ['seed', 5],
] as const) {
  test(`a checkpoint of another ${field} is refused, naming both`, async () => {
    const bytes = await saveState(stateAfterTwoChunks(), OPENED);
    const refusal = new RegExp(`${field} ${COMMAND[field]}; the command asks for ${value}`);
    await assert.rejects(loadState(bytes, { ...COMMAND, [field]: value }, OPENED), { name: 'CheckpointError', message: refusal });
  });
}

test('a checkpoint cut off anywhere is refused', async () => {
  const bytes = await saveState(stateAfterTwoChunks(), OPENED);
  for (let length = 0; length < bytes.length; length++) assert.throws(() => readState(bytes.subarray(0, length)), CheckpointError);
});

test('a checkpoint with bytes behind its end is refused', async () => {
  const bytes = Buffer.concat([await saveState(stateAfterTwoChunks(), OPENED), Buffer.alloc(4)]);
  assert.throws(() => readState(bytes), CheckpointError);
});

test('a checkpoint of an older worker comes back without what it did not keep', async () => {
  const state = { ...stateAfterTwoChunks(), base: null, shown: null };
  const text = Buffer.from(await saveState(state, OPENED)).toString('latin1');
  for (const [version, end] of [
    [4, ',"base":null}'],
    [3, '}'],
  ] as const) {
    const older = text.replace('"schema_version":5', `"schema_version":${version}`).replace(',"base":null,"shown":null}', end.padEnd(26));
    assert.deepEqual(await loadState(Buffer.from(older, 'latin1'), COMMAND, OPENED), state);
  }
});

test('a checkpoint of another schema is refused', async () => {
  for (const version of [2, 6]) {
    const text = Buffer.from(await saveState(stateAfterTwoChunks(), OPENED)).toString('latin1');
    const other = text.replace('"schema_version":5', `"schema_version":${version}`);
    assert.throws(() => readState(Buffer.from(other, 'latin1')), /not of version 5/);
  }
});

test('before the first chunk there is nothing to save', async () => {
  await assert.rejects(saveState(startState(COMMAND, OPENED), OPENED), /before the first chunk/);
});
