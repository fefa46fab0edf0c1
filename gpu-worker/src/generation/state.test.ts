import assert from 'node:assert/strict';
import { test } from 'node:test';
import { float32 } from '../model/tensor.ts';
import { CheckpointError, type GenerationState, loadState, readState, saveState, startState } from './state.ts';

const COMMAND = { model: 'toy', model_version: '1.0.0', seed: 2 ** 32 - 1 };

function stateAfterTwoChunks(command = COMMAND): GenerationState {
  const overlap = float32([1, 2, 2, 1, 2], Float32Array.of(0.1, -0, 1e-40, Number.MAX_VALUE, 5, 6, 7, 8));
  return { ...startState(command), next_chunk: 2, overlap, anchor: float32([1, 2, 1, 2], Float32Array.of(1, 2, 3, 4)) };
}

test('a saved state comes back bit for bit', () => {
  const state = stateAfterTwoChunks();
  assert.deepEqual(loadState(saveState(state), COMMAND), state);
});

test('a state comes back from the middle of a larger buffer', () => {
  const bytes = saveState(stateAfterTwoChunks());
  const larger = new Uint8Array(bytes.length + 11);
  larger.set(bytes, 3);
  assert.deepEqual(loadState(larger.subarray(3, 3 + bytes.length), COMMAND), stateAfterTwoChunks());
});

test('nothing in a checkpoint depends on the prompt, so nobody can try prompts against it', () => {
  const checkpointOf = (prompt: string) => {
    const command = { ...COMMAND, prompt };
    return saveState(stateAfterTwoChunks(command));
  };
  assert.deepEqual(checkpointOf('a red ball'), checkpointOf('a blue ball'));
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

test('a checkpoint of a later schema is refused', () => {
  const text = Buffer.from(saveState(stateAfterTwoChunks())).toString('latin1').replace('"schema_version":1', '"schema_version":2');
  assert.throws(() => readState(Buffer.from(text, 'latin1')), /not of version 1/);
});

test('before the first chunk there is nothing to save', () => {
  assert.throws(() => saveState(startState(COMMAND)), /before the first chunk/);
});
