/** The fingerprint of a video that several workers made, by what a claim tells of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LumaCell, Segment } from '@everframe/shared';
import { growFingerprint } from '@everframe/shared/mark';
import { fingerprintOfVideo } from './binding-scopes.ts';

const FPS = 8;
/** Frames of a segment: half seconds are cut by them. */
const FRAMES = 6;
const asset = { key: 'key', sha256: '0'.repeat(64), bytes: 1 };

const segments: readonly Segment[] = Array.from({ length: 8 }, (_, chunk_index) => {
  const first_frame = chunk_index * FRAMES;
  const frames = Array.from({ length: FRAMES }, (_, index) => first_frame + index);
  const cells = Map.groupBy(frames, (frame) => Math.floor(frame / 4));
  const luma_cells = [...cells].map(([cell, { length }]): LumaCell => {
    return { cell, frames: length, means: Array.from({ length: 64 }, (_, area) => (area * (chunk_index + 3) * 61) % 4081) };
  });
  return { chunk_index, first_frame, frames: FRAMES, init: asset, media: asset, encoder: 'wasm', luma_cells };
});
const bare = (count: number) => segments.slice(0, count).map(({ luma_cells: _, ...segment }) => segment);
const command = { fps: FPS };

test('a video that another worker goes on with has the fingerprint of one made in a single go', () => {
  const whole = fingerprintOfVideo({ command, segments: [], fingerprint: { hashes: [], cells: [] } }, segments);
  assert.equal(whole?.hashes.length, 6);
  for (let made = 0; made <= segments.length; made++) {
    const told = segments.slice(0, made).flatMap(({ luma_cells = [] }) => luma_cells);
    const claim = { command, segments: bare(made), fingerprint: growFingerprint({ hashes: [], cells: [] }, told) };
    assert.deepEqual(fingerprintOfVideo(claim, [...bare(made), ...segments.slice(made)]), whole, `after ${made} segments`);
    // An older edge sends the cells with their segments.
    assert.deepEqual(fingerprintOfVideo({ command, segments: segments.slice(0, made) }, segments), whole);
  }
});

test('where a segment says nothing there is no fingerprint', () => {
  assert.equal(fingerprintOfVideo({ command, segments: bare(1), fingerprint: null }, segments), undefined);
  assert.equal(fingerprintOfVideo({ command, segments: bare(1) }, [...bare(1), ...segments.slice(1)]), undefined);
});
