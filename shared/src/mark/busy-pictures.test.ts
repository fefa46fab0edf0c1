/** A crop of a picture that is mostly detail which stands still: what little of the mark shows must not be drowned by what does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mulberry32 } from '../testing/mulberry32.ts';
import { createMarker, createMarkReader } from './index.ts';

const SIDE = 128;
const CROPPED = 116;
const FRAMES = 6;
/** Levels that coding adds or takes. */
const GRAIN = 8;

/** A flat sky over blocks of two pixels, none like the next. [F, H, W, 3] */
function standingScene(): Uint8Array {
  const next = mulberry32(9);
  const blocks = Array.from({ length: (SIDE / 2) ** 2 }, next);
  const rgb = new Uint8Array(FRAMES * SIDE * SIDE * 3);
  for (let sample = 0; sample < rgb.length; sample++) {
    const pixel = Math.floor(sample / 3) % (SIDE * SIDE);
    const [x, y] = [pixel % SIDE, Math.floor(pixel / SIDE)];
    rgb[sample] = y < SIDE * 0.3 ? 150 : 60 + 130 * (blocks[(y >> 1) * (SIDE / 2) + (x >> 1)] ?? 0);
  }
  return rgb;
}

/** Luma of a frame of grey pixels, five pixels from the left and seven from the top cut off. */
function cropped(rgb: Uint8Array, frame: number): Uint8Array {
  const next = mulberry32(200 + frame);
  return Uint8Array.from({ length: CROPPED * CROPPED }, (_, pixel) => {
    const [x, y] = [(pixel % CROPPED) + 5, Math.floor(pixel / CROPPED) + 7];
    const value = (rgb[((frame * SIDE + y) * SIDE + x) * 3] ?? 0) + GRAIN * (next() - 0.5);
    return Math.max(0, Math.min(255, value));
  });
}

test('eight marks of eight come back from the crop of a picture of which seven tenths are busy', () => {
  for (let number = 0; number < 8; number++) {
    const id = (0x5e1f00c0ffee + number * 0x1234567891).toString(16);
    const rgb = standingScene();
    createMarker(id, SIDE, SIDE).embed(rgb);
    const reader = createMarkReader(CROPPED, CROPPED);
    for (let frame = 0; frame < FRAMES; frame++) reader.add(cropped(rgb, frame));
    assert.equal(reader.read().id, id);
  }
});
