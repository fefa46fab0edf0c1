import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJpeg } from './jpeg.ts';
import { joinTiles, spritesheetFrames } from './spritesheet.ts';
import { encodeStills, stillAt, takeStill } from './stills.ts';
import { makeClip, makePatches, psnr } from './test-clip.ts';

const SIZE = { width: 64, height: 64 };

test('sixteen frames at even distances, each of them one that is kept', () => {
  assert.deepEqual(
    spritesheetFrames({ frames: 32, fps: 8 }),
    Array.from({ length: 16 }, (_, tile) => 2 * tile),
  );
  assert.deepEqual(spritesheetFrames({ frames: 8, fps: 8 }), [0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6]);
  for (const [frames, fps] of [
    [1, 1],
    [7, 3],
    [100_000, 24],
  ] as const) {
    const shown = spritesheetFrames({ frames, fps });
    assert.equal(shown.length, 16);
    for (const [tile, frame] of shown.entries()) {
      const wanted = (tile * frames) / 16;
      assert.ok(frame <= wanted && wanted < frame + 1 + fps / 4, `tile ${tile} of ${frames} frames shows ${frame}`);
      assert.equal(stillAt(frame, fps), frame);
    }
  }
});

for (const { first_frame, count, fps, kept } of [
  { first_frame: 0, count: 8, fps: 8, kept: [0, 2, 4, 6] },
  { first_frame: 3, count: 5, fps: 8, kept: [4, 6] },
  { first_frame: 8, count: 4, fps: 3, kept: [8, 9, 10, 11] },
]) {
  test(`of frames ${first_frame} to ${first_frame + count} at ${fps} a second, ${kept} come back as they were`, async () => {
    const encoded = await encodeStills(makeClip(SIZE, first_frame, count), { ...SIZE, fps, first_frame });
    assert.ok(encoded);
    for (const frame of kept) {
      const { rgb, ...size } = takeStill(encoded, frame, { ...SIZE, fps, first_frame });
      assert.deepEqual(size, SIZE);
      assert.ok(psnr(rgb, makeClip(SIZE, frame, 1)) > 35, `frame ${frame}: ${psnr(rgb, makeClip(SIZE, frame, 1))} dB`);
    }
    const behind = (kept.at(-1) ?? 0) + Math.max(1, Math.floor(fps / 4));
    assert.throws(() => takeStill(encoded, behind, { ...SIZE, fps, first_frame }), /do not hold frame/);
  });
}

test('a chunk between two stills keeps none', async () => {
  assert.equal(await encodeStills(makeClip(SIZE, 1, 2), { ...SIZE, fps: 16, first_frame: 1 }), undefined);
});

test('a large frame is made small by the mean of its pixels', async () => {
  const size = { width: 1280, height: 720 };
  const colours = [
    [250, 20, 20],
    [20, 250, 20],
    [20, 20, 250],
    [128, 128, 128],
  ] as const;
  const encoded = await encodeStills(makePatches(size, colours, 1), { ...size, fps: 8, first_frame: 0 });
  assert.ok(encoded);
  const still = takeStill(encoded, 0, { ...size, fps: 8, first_frame: 0 });
  assert.deepEqual([still.width, still.height], [320, 180]);
  assert.ok(psnr(still.rgb, makePatches(still, colours, 1)) > 30);
});

test('tiles stand in rows of four', () => {
  const tiles = Array.from({ length: 16 }, (_, tile) => ({ width: 2, height: 1, rgb: new Uint8Array(6).fill(tile) }));
  const { rgb, width, height } = joinTiles(tiles);
  assert.deepEqual([width, height], [8, 4]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) assert.equal(rgb[(y * width + x) * 3], 4 * y + (x >> 1));
  }
  assert.throws(() => joinTiles(tiles.slice(1)), /16 tiles; got 15/);
});

test('what is no picture is refused', () => {
  assert.throws(() => decodeJpeg(Uint8Array.of(1, 2, 3)));
});
