/** Pictures at rest: RGB frames as JPEG, and back. */
import { decode, encode } from 'jpeg-js';
import type { RgbImage } from '../generation/family.ts';

/** Of pictures that are shown. */
const QUALITY = 90;

/** @param rgb one frame, [H, W, 3]. @param quality 1 to 100 */
export function encodeJpeg(rgb: Uint8Array, width: number, height: number, quality = QUALITY): Uint8Array {
  const pixels = width * height;
  if (rgb.length !== pixels * 3) throw new Error(`an RGB frame of ${width}x${height} has ${pixels * 3} bytes; got ${rgb.length}`);
  const rgba = new Uint8Array(pixels * 4).fill(255);
  for (let pixel = 0; pixel < pixels; pixel++) {
    rgba.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  }
  return encode({ data: rgba, width, height }, quality).data;
}

/** Of a file that a worker wrote: nothing guards against a stranger's. */
export function decodeJpeg(bytes: Uint8Array): RgbImage {
  const { data: rgb, width, height } = decode(bytes, { useTArray: true, formatAsRGBA: false });
  return { rgb, width, height };
}
