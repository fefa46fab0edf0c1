import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { borderBehind, branchChunk, chunksAhead, framesOfChunk, refinerDelay } from './generation-chunks.ts';
import { ModelPackage } from './model-package.ts';

const EXAMPLE = ModelPackage.parse(JSON.parse(readFileSync(new URL('./model-package.example.json', import.meta.url), 'utf8')));
/** Chunks of 4 latent frames of 2 frames each. */
const MODEL = { chunk: { ...EXAMPLE.chunk, latent_frames: 4 }, latent: { ...EXAMPLE.latent, frames_per_latent: 2 }, refiner: null };
const REFINER = {
  ...{ latent_height: 16, latent_width: 16, chunk_latent_frames: 8, overlap_latent_frames: 4 },
  ...{ num_inference_steps: 2, shift: 1, blending: 'exact' as const, reads_text: false },
};

test('a prompt waits for the next chunk border, and one that lies on a border does not wait', () => {
  assert.equal(framesOfChunk(MODEL), 8);
  assert.deepEqual(
    [0, 1, 8, 9].map((frame) => borderBehind(frame, MODEL)),
    [0, 8, 8, 16],
  );
});

test('a refiner is late by one overlap for each step, or by one where blending is causal', () => {
  assert.equal(refinerDelay(REFINER), 8);
  assert.equal(refinerDelay({ ...REFINER, blending: 'causal' }), 4);
  assert.equal(chunksAhead({ ...MODEL, refiner: REFINER }), 2);
});

test('a branch begins with the last checkpoint in which its first chunk is not made yet', () => {
  assert.deepEqual(
    [0, 8, 9, 40].map((frame) => branchChunk(frame, MODEL)),
    [null, 0, 1, 4],
  );
  assert.deepEqual(
    [8, 24, 25, 40].map((frame) => branchChunk(frame, { ...MODEL, refiner: REFINER })),
    [null, 0, 1, 2],
  );
});
