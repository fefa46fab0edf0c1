/** Where the tile begins, and how large its chips are: the residual is folded onto one tile and compared with the fixed chips. */
import { AREA, inverse, SIDE, type Spectrum, transform } from './fourier.ts';
import { layout, TILE } from './layout.ts';

/** What is left of the frames when their content is taken away. */
export interface Residual {
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
}

export interface TilePlaces {
  /** The mean residual of each half chip, from the picture's corner on; NaN where the picture did not reach. */
  readonly folded: Float32Array;
  /** The best first. */
  readonly peaks: readonly Peak[];
}

/** Where the tile may begin, in half chips, [0, 64). */
export interface Peak {
  readonly x: number;
  readonly y: number;
  /** How far the fixed chips stand out, in standard deviations of all places. */
  readonly z: number;
}

const PEAKS = 3;

/** For each size of chips where the tile begins. @param chips pixels along a chip's side, not necessarily whole */
export function placeTiles(residual: Residual, chips: readonly number[]): TilePlaces[] {
  const places: TilePlaces[] = [];
  for (let at = 0; at < chips.length; at += 2) {
    const pair = chips.slice(at, at + 2).map((chip) => fold(residual, chip));
    const matches = matchBoth(pair[0] as Float32Array, pair[1]);
    for (const [index, folded] of pair.entries()) places.push({ folded, peaks: highest(matches[index] as Float64Array) });
  }
  return places;
}

/** One transform does for two tiles: the second goes along as the imaginary half. */
function matchBoth(one: Float32Array, other: Float32Array | undefined): [Float64Array, Float64Array] {
  const both: Spectrum = { re: known(one), im: other ? known(other) : new Float64Array(AREA) };
  transform(both);
  const { re, im } = both;
  const fixed = fixedChips();
  const match: Spectrum = { re: new Float64Array(AREA), im: new Float64Array(AREA) };
  for (let index = 0; index < AREA; index++) {
    const mirrored = ((SIDE - (index >> 6)) & 63) * SIDE + ((SIDE - (index & 63)) & 63);
    const [a, b, c, d] = [re[index] as number, im[index] as number, re[mirrored] as number, im[mirrored] as number];
    const [one_re, one_im, other_re, other_im] = [(a + c) / 2, (b - d) / 2, (b + d) / 2, (c - a) / 2];
    const [one_weight, other_weight] = [weightOf(one_re, one_im), weightOf(other_re, other_im)];
    const [real, imaginary] = [one_re * one_weight - other_im * other_weight, one_im * one_weight + other_re * other_weight];
    const [fixed_re, fixed_im] = [fixed.re[index] as number, -(fixed.im[index] as number)];
    match.re[index] = real * fixed_re - imaginary * fixed_im;
    match.im[index] = real * fixed_im + imaginary * fixed_re;
  }
  inverse(match);
  return [match.re, match.im];
}

/** Every frequency counts alike or nearly so: the picture's own, which are few and strong, are held down. */
function weightOf(re: number, im: number): number {
  return 1 / (Math.sqrt(Math.sqrt(re * re + im * im)) + 1e-9);
}

function known(folded: Float32Array): Float64Array {
  const values = new Float64Array(AREA);
  for (let cell = 0; cell < AREA; cell++) {
    const value = folded[cell] as number;
    values[cell] = Number.isNaN(value) ? 0 : value;
  }
  return values;
}

function highest(match: Float64Array): Peak[] {
  let squares = 0;
  for (let index = 0; index < AREA; index++) squares += (match[index] as number) * (match[index] as number);
  const deviation = Math.sqrt(squares / AREA) || 1;
  const peaks: Peak[] = [];
  for (let count = 0; count < PEAKS; count++) {
    let best = 0;
    for (let index = 1; index < AREA; index++) if ((match[index] as number) > (match[best] as number)) best = index;
    const [x, y] = [best % SIDE, Math.floor(best / SIDE)];
    peaks.push({ x, y, z: (match[best] as number) / deviation });
    // Its flanks are no other places.
    for (let down = -1; down <= 1; down++) {
      for (let right = -1; right <= 1; right++)
        match[((y + down + SIDE) % SIDE) * SIDE + ((x + right + SIDE) % SIDE)] = Number.NEGATIVE_INFINITY;
    }
  }
  return peaks;
}

function fold({ values, width, height }: Residual, chip: number): Float32Array {
  const sums = new Float32Array(SIDE * SIDE);
  const counts = new Uint32Array(SIDE * SIDE);
  const per_pixel = 2 / chip;
  const columns = Uint8Array.from({ length: width }, (_, x) => Math.floor((x + 0.5) * per_pixel) % SIDE);
  for (let y = 0; y < height; y++) {
    const row = (Math.floor((y + 0.5) * per_pixel) % SIDE) * SIDE;
    for (let x = 0; x < width; x++) {
      const cell = row + (columns[x] as number);
      sums[cell] = (sums[cell] as number) + (values[y * width + x] as number);
      counts[cell] = (counts[cell] as number) + 1;
    }
  }
  return sums.map((sum, cell) => sum / (counts[cell] as number));
}

let template: Spectrum | undefined;

function fixedChips(): Spectrum {
  if (template) return template;
  const { sync, sync_signs } = layout();
  const values = new Float64Array(SIDE * SIDE);
  for (const [index, place] of sync.entries()) {
    const corner = Math.floor(place / TILE) * 2 * SIDE + (place % TILE) * 2;
    for (const offset of [0, 1, SIDE, SIDE + 1]) values[corner + offset] = sync_signs[index] as number;
  }
  template = { re: values, im: new Float64Array(AREA) };
  transform(template);
  return template;
}
