/**
 * The colours that the metrics count in: 8-bit luma and HSV as OpenCV has them, to the last bit; CIE Lab by its formula.
 * Knows nothing of time.
 */

/** Of 8 bits: OpenCV rounds luma from 15 fractional bits and HSV from 12. */
const LUMA_WEIGHTS = [9798, 19235, 3735] as const;
const LUMA_BITS = 15;
const HSV_BITS = 12;
const HUES = 180;
const LAB_EDGE = 0.008856;

/** @param rgb 8-bit, packed. @returns 0 to 255 for each pixel */
export function lumaOf(rgb: Uint8Array): Uint8Array {
  const luma = new Uint8Array(rgb.length / 3);
  const [red, green, blue] = LUMA_WEIGHTS;
  for (let pixel = 0; pixel < luma.length; pixel++) {
    const at = 3 * pixel;
    luma[pixel] = ((rgb[at] ?? 0) * red + (rgb[at + 1] ?? 0) * green + (rgb[at + 2] ?? 0) * blue + (1 << (LUMA_BITS - 1))) >> LUMA_BITS;
  }
  return luma;
}

/** @returns packed; hue 0 to 179, saturation and value 0 to 255 */
export function hsvOf(rgb: Uint8Array): Uint8Array {
  const hsv = new Uint8Array(rgb.length);
  const half = 1 << (HSV_BITS - 1);
  for (let at = 0; at < rgb.length; at += 3) {
    const [red, green, blue] = [rgb[at] ?? 0, rgb[at + 1] ?? 0, rgb[at + 2] ?? 0];
    const value = Math.max(red, green, blue);
    const span = value - Math.min(red, green, blue);
    const around = value === red ? green - blue : value === green ? blue - red + 2 * span : red - green + 4 * span;
    const hue = (around * (HUE_STEPS[span] ?? 0) + half) >> HSV_BITS;
    hsv[at] = hue < 0 ? hue + HUES : hue;
    hsv[at + 1] = (span * (SATURATION_STEPS[value] ?? 0) + half) >> HSV_BITS;
    hsv[at + 2] = value;
  }
  return hsv;
}

/** OpenCV divides by table: reciprocals rounded to even at 12 fractional bits; 0 where there is nothing to divide by. */
const HUE_STEPS = Int32Array.from({ length: 256 }, (_, span) => (span === 0 ? 0 : roundToEven((HUES << HSV_BITS) / (6 * span))));
const SATURATION_STEPS = Int32Array.from({ length: 256 }, (_, value) => (value === 0 ? 0 : roundToEven((255 << HSV_BITS) / value)));

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** sRGB to XYZ, each divided by that of D65 white, then to Lab. @returns packed; L 0 to 100, a and b about -100 to 100 */
export function labOf(rgb: Uint8Array): Float32Array {
  const lab = new Float32Array(rgb.length);
  for (let at = 0; at < rgb.length; at += 3) {
    const red = LINEAR[rgb[at] ?? 0] ?? 0;
    const green = LINEAR[rgb[at + 1] ?? 0] ?? 0;
    const blue = LINEAR[rgb[at + 2] ?? 0] ?? 0;
    const fx = cubeRoot(0.433953 * red + 0.376219 * green + 0.189828 * blue);
    const fy = cubeRoot(0.212671 * red + 0.71516 * green + 0.072169 * blue);
    const fz = cubeRoot(0.017758 * red + 0.109477 * green + 0.872766 * blue);
    lab[at] = 116 * fy - 16;
    lab[at + 1] = 500 * (fx - fy);
    lab[at + 2] = 200 * (fy - fz);
  }
  return lab;
}

/** sRGB's transfer curve, by 8-bit value. */
const LINEAR = Float64Array.from({ length: 256 }, (_, value) => {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
});

function cubeRoot(share: number): number {
  return share > LAB_EDGE ? Math.cbrt(share) : 7.787 * share + 16 / 116;
}
