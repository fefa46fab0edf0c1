/**
 * The discrete Fourier transform of a square of 64 x 64 numbers, which is a tile at two samples a chip. Frequencies come in the order in
 * which the steps leave them: sorting them would take as long as half of the transform, and a product of two spectra needs no order.
 */

export const SIDE = 64;
export const AREA = SIDE * SIDE;

/** Complex numbers. */
export interface Spectrum {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** In place: from places, row by row, to frequencies. */
export function transform({ re, im }: Spectrum): void {
  splitColumns(re, im);
  turn(re);
  turn(im);
  splitColumns(re, im);
}

/** In place: from frequencies, as `transform` leaves them, to places, 4096 times too large. */
export function inverse({ re, im }: Spectrum): void {
  joinColumns(re, im);
  turn(re);
  turn(im);
  joinColumns(re, im);
}

/** For each frequency of a spectrum where the one is that turns the other way: its conjugate, in the spectrum of real numbers. */
export const OPPOSITE = Uint16Array.from({ length: AREA }, (_, index) => {
  const [one, other] = [digitsReversed(index >> 6), digitsReversed(index & 63)];
  return digitsReversed((SIDE - one) & 63) * SIDE + digitsReversed((SIDE - other) & 63);
});

const COSINES = Float64Array.from({ length: SIDE }, (_, index) => Math.cos((2 * Math.PI * index) / SIDE));
const SINES = Float64Array.from({ length: SIDE }, (_, index) => Math.sin((2 * Math.PI * index) / SIDE));

/** Three digits to base 4, read backwards. */
function digitsReversed(index: number): number {
  return ((index & 3) << 4) | (index & 12) | (index >> 4);
}

/**
 * All columns side by side, since neighbours in memory are read together; radix 4, decimation in frequency. Of each four rows come the sums
 * that turn 0, 1, 2 and 3 quarters a row. Names for single numbers on purpose: a list of them taken apart is three times as slow here.
 */
function splitColumns(re: Float64Array, im: Float64Array): void {
  for (let quarter = SIDE / 4; quarter >= 1; quarter >>= 2) {
    const turns = SIDE / (4 * quarter);
    for (let row = 0; row < SIDE; row++) {
      if (row & quarter || row & (2 * quarter)) continue;
      const angle = (row % quarter) * turns;
      const [cos_1, cos_2, cos_3] = [COSINES[angle] as number, COSINES[2 * angle] as number, COSINES[3 * angle] as number];
      const [sin_1, sin_2, sin_3] = [SINES[angle] as number, SINES[2 * angle] as number, SINES[3 * angle] as number];
      const [end, step] = [(row + 1) * SIDE, quarter * SIDE];
      for (let a = row * SIDE, b = a + step, c = b + step, d = c + step; a < end; a++, b++, c++, d++) {
        const even_re = (re[a] as number) + (re[c] as number);
        const even_im = (im[a] as number) + (im[c] as number);
        const gap_re = (re[a] as number) - (re[c] as number);
        const gap_im = (im[a] as number) - (im[c] as number);
        const odd_re = (re[b] as number) + (re[d] as number);
        const odd_im = (im[b] as number) + (im[d] as number);
        const across_re = (im[b] as number) - (im[d] as number);
        const across_im = (re[d] as number) - (re[b] as number);
        const one_re = gap_re + across_re;
        const one_im = gap_im + across_im;
        const two_re = even_re - odd_re;
        const two_im = even_im - odd_im;
        const three_re = gap_re - across_re;
        const three_im = gap_im - across_im;
        re[a] = even_re + odd_re;
        im[a] = even_im + odd_im;
        re[b] = one_re * cos_1 + one_im * sin_1;
        im[b] = one_im * cos_1 - one_re * sin_1;
        re[c] = two_re * cos_2 + two_im * sin_2;
        im[c] = two_im * cos_2 - two_re * sin_2;
        re[d] = three_re * cos_3 + three_im * sin_3;
        im[d] = three_im * cos_3 - three_re * sin_3;
      }
    }
  }
}

/** The same backwards. */
function joinColumns(re: Float64Array, im: Float64Array): void {
  for (let quarter = 1; quarter < SIDE; quarter <<= 2) {
    const turns = SIDE / (4 * quarter);
    for (let row = 0; row < SIDE; row++) {
      if (row & quarter || row & (2 * quarter)) continue;
      const angle = (row % quarter) * turns;
      const [cos_1, cos_2, cos_3] = [COSINES[angle] as number, COSINES[2 * angle] as number, COSINES[3 * angle] as number];
      const [sin_1, sin_2, sin_3] = [SINES[angle] as number, SINES[2 * angle] as number, SINES[3 * angle] as number];
      const [end, step] = [(row + 1) * SIDE, quarter * SIDE];
      for (let a = row * SIDE, b = a + step, c = b + step, d = c + step; a < end; a++, b++, c++, d++) {
        const one_re = (re[b] as number) * cos_1 - (im[b] as number) * sin_1;
        const one_im = (im[b] as number) * cos_1 + (re[b] as number) * sin_1;
        const two_re = (re[c] as number) * cos_2 - (im[c] as number) * sin_2;
        const two_im = (im[c] as number) * cos_2 + (re[c] as number) * sin_2;
        const three_re = (re[d] as number) * cos_3 - (im[d] as number) * sin_3;
        const three_im = (im[d] as number) * cos_3 + (re[d] as number) * sin_3;
        const even_re = (re[a] as number) + two_re;
        const even_im = (im[a] as number) + two_im;
        const gap_re = (re[a] as number) - two_re;
        const gap_im = (im[a] as number) - two_im;
        const odd_re = one_re + three_re;
        const odd_im = one_im + three_im;
        const across_re = three_im - one_im;
        const across_im = one_re - three_re;
        re[a] = even_re + odd_re;
        im[a] = even_im + odd_im;
        re[b] = gap_re + across_re;
        im[b] = gap_im + across_im;
        re[c] = even_re - odd_re;
        im[c] = even_im - odd_im;
        re[d] = gap_re - across_re;
        im[d] = gap_im - across_im;
      }
    }
  }
}

/** Rows become columns. */
function turn(values: Float64Array): void {
  for (let row = 1; row < SIDE; row++) {
    for (let column = 0; column < row; column++) {
      const kept = values[row * SIDE + column] as number;
      values[row * SIDE + column] = values[column * SIDE + row] as number;
      values[column * SIDE + row] = kept;
    }
  }
}
