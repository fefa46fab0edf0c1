import assert from 'node:assert/strict';
import { test } from 'node:test';
import { i420Bytes, rgbToI420 } from './pixels.ts';

test('known colours have the values that BT.709 gives them', () => {
  const known: [rgb: number[], yuv: number[]][] = [
    [
      [0, 0, 0],
      [16, 128, 128],
    ],
    [
      [255, 255, 255],
      [235, 128, 128],
    ],
    [
      [255, 0, 0],
      [63, 102, 240],
    ],
    [
      [0, 255, 0],
      [173, 42, 26],
    ],
    [
      [0, 0, 255],
      [32, 240, 118],
    ],
  ];
  for (const [rgb, [y, u, v]] of known) {
    const frame = Uint8Array.from({ length: 16 * 16 * 3 }, (_, index) => rgb[index % 3] as number);
    const i420 = rgbToI420(frame, 16, 16);
    assert.deepEqual([i420[0], i420[256], i420[320]], [y, u, v], `rgb ${rgb}`);
  }
});

test('a frame takes half as many samples of chroma as of luma', () => {
  assert.equal(i420Bytes(128, 96), 128 * 96 * 1.5);
  assert.equal(rgbToI420(new Uint8Array(128 * 96 * 3), 128, 96).length, 128 * 96 * 1.5);
});

test('odd sides and wrong lengths are refused with the value', () => {
  assert.throws(() => rgbToI420(new Uint8Array(17 * 16 * 3), 17, 16), /even sides.*17x16/);
  assert.throws(() => rgbToI420(new Uint8Array(5), 16, 16), /768 bytes; got 5/);
});
