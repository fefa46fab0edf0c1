/**
 * From the decoder's pixels to the encoder's: RGB24 to I420, BT.709, limited range.
 * Integer arithmetic only, so that the same frame gives the same bytes on every machine.
 */

/** Bytes of an I420 frame: a plane of luma, then two of chroma at half the width and height. */
export function i420Bytes(width: number, height: number): number {
  return width * height + 2 * (width >> 1) * (height >> 1);
}

/**
 * Chroma is the mean of each 2 x 2 block of pixels.
 * @param rgb one frame, [H, W, 3]
 * @param width even, as 4:2:0 has it; height too
 */
export function rgbToI420(rgb: Uint8Array, width: number, height: number): Uint8Array {
  requireEvenSize(width, height);
  const pixels = width * height;
  if (rgb.length !== pixels * 3) {
    throw new Error(`an RGB frame of ${width}x${height} has ${pixels * 3} bytes; got ${rgb.length}`);
  }
  const i420 = new Uint8Array(i420Bytes(width, height));
  let chromaBlue = pixels;
  let chromaRed = pixels + pixels / 4;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let corner = 0; corner < 4; corner++) {
        const pixel = (y + (corner >> 1)) * width + x + (corner & 1);
        const r = rgb[pixel * 3] as number;
        const g = rgb[pixel * 3 + 1] as number;
        const b = rgb[pixel * 3 + 2] as number;
        i420[pixel] = luma(r, g, b);
        red += r;
        green += g;
        blue += b;
      }
      i420[chromaBlue++] = (28_784 * blue - 6_596 * red - 22_189 * green + CHROMA_OFFSET) >> 18;
      i420[chromaRed++] = (28_784 * red - 26_145 * green - 2_639 * blue + CHROMA_OFFSET) >> 18;
    }
  }
  return i420;
}

/** @throws Error unless both sides are even, which 4:2:0 needs */
export function requireEvenSize(width: number, height: number): void {
  if (width % 2 || height % 2 || width < 16 || height < 16) {
    throw new Error(`frames must have even sides of at least 16 pixels; got ${width}x${height}`);
  }
}

/** Rec. ITU-R BT.709 item 3: weights times 219/255, in 1/65536; 16 and one half added for offset and rounding. */
function luma(r: number, g: number, b: number): number {
  return (11_966 * r + 40_254 * g + 4_064 * b + 1_081_344) >> 16;
}

/** 128 and one half in 1/65536, times the four pixels that a chroma sample is the sum of. */
const CHROMA_OFFSET = (128 * 65_536 + 32_768) * 4;
