/** The picture that stands for a video in lists: one frame as JPEG. */
import { encode } from 'jpeg-js';

const QUALITY = 90;

/** @param rgb one frame, [H, W, 3] */
export function encodeThumbnail(rgb: Uint8Array, width: number, height: number): Uint8Array {
  const pixels = width * height;
  if (rgb.length !== pixels * 3) throw new Error(`an RGB frame of ${width}x${height} has ${pixels * 3} bytes; got ${rgb.length}`);
  const rgba = new Uint8Array(pixels * 4).fill(255);
  for (let pixel = 0; pixel < pixels; pixel++) {
    rgba.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  }
  return encode({ data: rgba, width, height }, QUALITY).data;
}
