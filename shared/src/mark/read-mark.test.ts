/** What the reader makes of fixed frames, number for number: a faster way must find the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mulberry32 } from '../testing/mulberry32.ts';
import { createMarker, createMarkReader, lumaOf } from './index.ts';

const ID = '5e1f00c0ffee';
interface Clip {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly Uint8Array[];
}

/** A disc that moves over a shaded ground with a grain, [F, H, W, 3] in one. */
function scene(width: number, height: number, count: number): Uint8Array {
  const pixels = new Uint8Array(count * width * height * 3);
  for (let frame = 0, at = 0; frame < count; frame++) {
    const next = mulberry32(frame);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const inside = Math.hypot(x - width * 0.3 - frame * 2, y - height * 0.55) < height * 0.16;
        const ground = y < height * 0.62 ? [120 + (64 * y) / height, 180, 230] : [90, 160, 70];
        for (const value of inside ? [200, 60, 50] : ground) pixels[at++] = value + next() * 4;
      }
    }
  }
  return pixels;
}

function marked(width: number, height: number, count: number): Clip {
  const rgb = scene(width, height, count);
  createMarker(ID, width, height).embed(rgb);
  return clipOf(rgb, width, height);
}

function clipOf(rgb: Uint8Array, width: number, height: number): Clip {
  const bytes = width * height * 3;
  return {
    width,
    height,
    frames: Array.from({ length: rgb.length / bytes }, (_, frame) => lumaOf(rgb.subarray(frame * bytes, (frame + 1) * bytes), 3)),
  };
}

/** Each pixel of the new frames from one of the old. */
function moved(
  { width: old, frames }: Clip,
  width: number,
  height: number,
  from: (x: number, y: number) => readonly [number, number],
): Clip {
  const move = (frame: Uint8Array) =>
    Uint8Array.from({ length: width * height }, (_, pixel) => {
      const [x, y] = from(pixel % width, Math.floor(pixel / width));
      return frame[y * old + x] as number;
    });
  return { width, height, frames: frames.map(move) };
}

function scaled(clip: Clip, width: number, height: number): Clip {
  return moved(clip, width, height, (x, y) => [
    Math.floor(((x + 0.5) * clip.width) / width),
    Math.floor(((y + 0.5) * clip.height) / height),
  ]);
}

function read({ width, height, frames }: Clip) {
  const reader = createMarkReader(width, height);
  for (const frame of frames) reader.add(frame);
  return reader.read();
}

test('certainty and bit errors of each kind of file stay as they are', () => {
  const small = marked(128, 128, 12);
  const wide = marked(400, 300, 4);
  const tall = marked(640, 700, 3);
  for (const [name, clip, certainty, bit_errors] of [
    ['as it is', small, 27.158474787663483, 3],
    ['cropped', moved(small, 116, 117, (x, y) => [x + 5, y + 7]), 23.06962181152144, 9],
    ['mirrored', moved(small, 128, 128, (x, y) => [127 - x, y]), 27.18672515238589, 2],
    ['at three quarters', scaled(small, 96, 96), 26.056353313920905, 6],
    ['enlarged', scaled(small, 180, 180), 27.098020127082695, 2],
    ['of 400 pixels, mirrored', moved(wide, 400, 300, (x, y) => [399 - x, y]), 28.67648743680787, 0],
    ['of 400 pixels, smaller', scaled(wide, 300, 225), 28.197241979776354, 1],
    ['of 640 pixels, which are read at half', tall, 28.7099623845666, 0],
  ] as const) {
    const reading = read(clip);
    assert.equal(reading.id, ID, name);
    assert.ok(Math.abs(reading.certainty - certainty) < 1e-9, `${name}: certainty ${reading.certainty}, not ${certainty}`);
    assert.equal(reading.bit_errors, bit_errors / 288, name);
  }
  assert.deepEqual(read(clipOf(scene(128, 128, 12), 128, 128)), { id: null, certainty: 0, bit_errors: null });
});
