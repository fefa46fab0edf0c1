import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GrowingFingerprint } from '../commit.ts';
import { FINGERPRINT_MAX_SECONDS } from '../limits.ts';
import {
  BANDS,
  bandsOf,
  createLumaCells,
  fingerprintOf,
  growFingerprint,
  HASH_BITS,
  hammingDistance,
  joinCells,
  NOTHING,
  wholeFingerprint,
} from './index.ts';

/** A gradient with a light square that moves. */
function frame(index: number, size = 64): Uint8Array {
  const unit = size / 64;
  return Uint8Array.from({ length: size * size }, (_, pixel) => {
    const [x, y] = [(pixel % size) / unit, Math.floor(pixel / size) / unit];
    return Math.abs(x - 10 - index) < 8 && Math.abs(y - 30 - 8 * Math.sin(index / 5)) < 8 ? 220 : 60 + y + x / 2;
  });
}

function cellsOf(first: number, count: number, size = 64, fps = 8) {
  const cells = createLumaCells();
  for (let index = first; index < first + count; index++) cells.add(frame((index * 8) / fps, size), size, size, index / fps);
  return cells.cells();
}

test('parts made by several workers have the fingerprint of the whole', () => {
  const whole = fingerprintOf(cellsOf(0, 32));
  assert.equal(whole.length, 4);
  const parts = [...cellsOf(0, 6), ...cellsOf(6, 5), ...cellsOf(11, 21)];
  for (const [second, hash] of fingerprintOf(joinCells(parts)).entries()) assert.ok(hammingDistance(hash, whole[second] ?? '') <= 2);
});

test('a fingerprint that grows by segments is the one that all of them make at once, and keeps no more than a second of cells', () => {
  for (const length of [1, 3, 5, 8, 13]) {
    const parts = Array.from({ length: Math.ceil(64 / length) }, (_, index) => cellsOf(index * length, length));
    let grown: GrowingFingerprint = { hashes: [], cells: [] };
    for (const part of parts) {
      // As it goes from one worker over the edge to the next.
      grown = growFingerprint(JSON.parse(JSON.stringify(grown)) as GrowingFingerprint, part);
      assert.ok(grown.cells.length <= 2 + Math.ceil(length / 4), `${grown.cells.length} cells`);
    }
    assert.deepEqual(wholeFingerprint(grown), fingerprintOf(joinCells(parts.flat())), `segments of ${length} frames`);
    assert.deepEqual(grown, growFingerprint({ hashes: [], cells: [] }, parts.flat()));
  }
});

test('what lies behind the part that has a fingerprint leaves nothing', () => {
  const cells = createLumaCells();
  cells.add(frame(0), 64, 64, FINGERPRINT_MAX_SECONDS - 0.1);
  cells.add(frame(0), 64, 64, FINGERPRINT_MAX_SECONDS);
  assert.deepEqual(
    cells.cells().map(({ cell }) => cell),
    [FINGERPRINT_MAX_SECONDS * 2 - 1],
  );
  const empty = Array.from({ length: FINGERPRINT_MAX_SECONDS }, () => NOTHING);
  const { cells: kept, hashes } = growFingerprint({ hashes: empty, cells: [] }, [
    { cell: FINGERPRINT_MAX_SECONDS * 2, frames: 1, means: [] },
  ]);
  assert.deepEqual([kept, hashes.length], [[], FINGERPRINT_MAX_SECONDS]);
});

test('twice the size and three times the frame rate change few bits, another second many', () => {
  const whole = fingerprintOf(cellsOf(0, 32));
  const other = fingerprintOf(cellsOf(0, 96, 128, 24));
  for (const [second, hash] of whole.entries()) assert.ok(hammingDistance(hash, other[second] ?? '') <= 12, `second ${second}`);
  assert.ok(hammingDistance(whole[0] ?? '', whole[3] ?? '') > 12);
});

test('a flat second says nothing, and half a second has no hash', () => {
  const cells = createLumaCells();
  for (let index = 0; index < 12; index++) cells.add(new Uint8Array(64 * 64).fill(90), 64, 64, index / 8);
  assert.deepEqual(fingerprintOf(cells.cells()), [NOTHING]);
});

test('a hash is cut into bands that tell place and content', () => {
  const bands = bandsOf('0001'.repeat(BANDS));
  assert.deepEqual(
    bands,
    Array.from({ length: BANDS }, (_, band) => band * 65536 + 1),
  );
  assert.equal(hammingDistance('f'.repeat(24), NOTHING), HASH_BITS);
});
