import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'jpeg-js';
import { makeClip, psnr } from './test-clip.ts';
import { encodeThumbnail } from './thumbnail.ts';

test('a thumbnail is a JPEG of the frame, close to it in every channel', () => {
  const frame = makeClip({ width: 128, height: 128 }, 0, 1);
  const picture = decode(encodeThumbnail(frame, 128, 128), { useTArray: true, formatAsRGBA: false });
  assert.deepEqual([picture.width, picture.height], [128, 128]);
  assert.ok(psnr(picture.data, frame) > 33, `${psnr(picture.data, frame)} dB`);
});

test('pixels that do not fit the size are refused', () => {
  assert.throws(() => encodeThumbnail(new Uint8Array(10), 128, 128), /49152 bytes; got 10/);
});
