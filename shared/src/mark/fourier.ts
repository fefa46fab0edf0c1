/** The discrete Fourier transform of a square of 64 x 64 numbers, which is a tile at two samples a chip. */

export const SIDE = 64;
export const AREA = SIDE * SIDE;

/** Complex numbers. */
export interface Spectrum {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** In place. */
export function transform(values: Spectrum): void {
  eachLine(values, 1);
}

/** In place, and 4096 times too large. */
export function inverse(spectrum: Spectrum): void {
  eachLine(spectrum, -1);
}

function eachLine({ re, im }: Spectrum, direction: 1 | -1): void {
  for (let row = 0; row < SIDE; row++) transformLine(re, im, row * SIDE, 1, direction);
  for (let column = 0; column < SIDE; column++) transformLine(re, im, column, SIDE, direction);
}

const COSINES = Float64Array.from({ length: SIDE / 2 }, (_, index) => Math.cos((2 * Math.PI * index) / SIDE));
const SINES = Float64Array.from({ length: SIDE / 2 }, (_, index) => Math.sin((2 * Math.PI * index) / SIDE));

/** In place, radix 2, decimation in time. */
function transformLine(re: Float64Array, im: Float64Array, start: number, stride: number, direction: 1 | -1): void {
  for (let index = 1, mirrored = 0; index < SIDE; index++) {
    let bit = SIDE >> 1;
    for (; mirrored & bit; bit >>= 1) mirrored ^= bit;
    mirrored ^= bit;
    if (index < mirrored) {
      swap(re, start + index * stride, start + mirrored * stride);
      swap(im, start + index * stride, start + mirrored * stride);
    }
  }
  for (let length = 2; length <= SIDE; length <<= 1) {
    const half = length >> 1;
    const step = SIDE / length;
    for (let block = 0; block < SIDE; block += length) {
      for (let index = 0; index < half; index++) {
        const low = start + (block + index) * stride;
        const high = low + half * stride;
        const cosine = COSINES[index * step] as number;
        const sine = -direction * (SINES[index * step] as number);
        const real = (re[high] as number) * cosine - (im[high] as number) * sine;
        const imaginary = (re[high] as number) * sine + (im[high] as number) * cosine;
        re[high] = (re[low] as number) - real;
        im[high] = (im[low] as number) - imaginary;
        re[low] = (re[low] as number) + real;
        im[low] = (im[low] as number) + imaginary;
      }
    }
  }
}

function swap(values: Float64Array, one: number, other: number): void {
  const kept = values[one] as number;
  values[one] = values[other] as number;
  values[other] = kept;
}
