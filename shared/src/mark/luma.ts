/** @param pixels one frame  @param channels 3 for RGB, 4 for RGBA  @returns a byte a pixel, BT.709 weights */
export function lumaOf(pixels: Uint8Array | Uint8ClampedArray, channels: 3 | 4): Uint8Array {
  const luma = new Uint8Array(pixels.length / channels);
  for (let pixel = 0, at = 0; pixel < luma.length; pixel++, at += channels) {
    luma[pixel] = (54 * (pixels[at] as number) + 183 * (pixels[at + 1] as number) + 19 * (pixels[at + 2] as number)) >> 8;
  }
  return luma;
}
