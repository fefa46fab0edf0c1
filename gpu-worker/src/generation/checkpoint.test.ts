import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dims, float32, sizeOf } from '../model/tensor.ts';
import { loadState, readState, saveState } from './checkpoint.ts';
import { CheckpointError, type GenerationState, startState } from './state.ts';

const COMMAND = { model: 'toy', model_version: '1.0.0', seed: 2 ** 32 - 1 };
const MODEL = { latent: { channels: 2, height: 1, width: 2, frames_per_latent: 4 }, refiner: null };

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
  const state = { ...startState(COMMAND, MODEL), next_chunk: 2, delivered_chunks: 1, overlap, anchor: ramp(1, 2, 1, 2) };
  return { ...state, thumbnail: ramp(1, 2, 2, 4), wavefront: [step, fresh], finished: ramp(1, 2, 1, 2, 4) };
}

test('a saved state comes back bit for bit', () => {
  const state = stateAfterTwoChunks();
  assert.deepEqual(loadState(saveState(state), COMMAND), state);
});

test('a state without refiner and before the first delivery comes back too', () => {
  const state = { ...stateAfterTwoChunks(), thumbnail: null, wavefront: null, finished: ramp(1, 2, 0, 1, 2) };
  assert.deepEqual(loadState(saveState(state), COMMAND), state);
});

test('a state comes back from the middle of a larger buffer', () => {
  const bytes = saveState(stateAfterTwoChunks());
  const larger = new Uint8Array(bytes.length + 11);
  larger.set(bytes, 3);
  assert.deepEqual(loadState(larger.subarray(3, 3 + bytes.length), COMMAND), stateAfterTwoChunks());
});

for (const [field, value] of [
  ['model', 'other'],
  ['model_version', '1.0.1'],
  ['seed', 5],
] as const) {
  test(`a checkpoint of another ${field} is refused, naming both`, () => {
    const bytes = saveState(stateAfterTwoChunks());
    const refusal = new RegExp(`${field} ${COMMAND[field]}; the command asks for ${value}`);
    assert.throws(() => loadState(bytes, { ...COMMAND, [field]: value }), { name: 'CheckpointError', message: refusal });
  });
}

test('a checkpoint cut off anywhere is refused', () => {
  const bytes = saveState(stateAfterTwoChunks());
  for (let length = 0; length < bytes.length; length++) assert.throws(() => readState(bytes.subarray(0, length)), CheckpointError);
});

test('a checkpoint with bytes behind its end is refused', () => {
  assert.throws(() => readState(Buffer.concat([saveState(stateAfterTwoChunks()), Buffer.alloc(4)])), CheckpointError);
});

test('a checkpoint of another schema is refused', () => {
  for (const version of [1, 3]) {
    const text = Buffer.from(saveState(stateAfterTwoChunks())).toString('latin1');
    const other = text.replace('"schema_version":2', `"schema_version":${version}`);
    assert.throws(() => readState(Buffer.from(other, 'latin1')), /not of version 2/);
  }
});

test('before the first chunk there is nothing to save', () => {
  assert.throws(() => saveState(startState(COMMAND, MODEL)), /before the first chunk/);
});
