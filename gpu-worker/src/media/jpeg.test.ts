import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'jpeg-js';
import { encodeJpeg } from './jpeg.ts';
import { makeClip, psnr } from './test-clip.ts';

test('a JPEG of a frame is close to it in every channel', () => {
  const frame = makeClip({ width: 128, height: 128 }, 0, 1);
  const picture = decode(encodeJpeg(frame, 128, 128), { useTArray: true, formatAsRGBA: false });
  assert.deepEqual([picture.width, picture.height], [128, 128]);
  assert.ok(psnr(picture.data, frame) > 33, `${psnr(picture.data, frame)} dB`);
});

test('pixels that do not fit the size are refused', () => {
  assert.throws(() => encodeJpeg(new Uint8Array(10), 128, 128), /49152 bytes; got 10/);
});
