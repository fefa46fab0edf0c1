/** Where the tile begins, and how large its chips are: the residual is folded onto one tile and compared with the fixed chips. */
import { AREA, inverse, OPPOSITE, SIDE, type Spectrum, transform } from './fourier.ts';
import { layout, TILE } from './layout.ts';

/** What is left of the frames when their content is taken away. */
export interface Residual {
  readonly values: Float32Array;
  /** How much of the mark is to be expected in each pixel, (0, 1]. */
  readonly trust: Float32Array;
  readonly width: number;
  readonly height: number;
}

export interface TilePlaces {
  readonly residual: Residual;
  /** Pixels along a chip's side. */
  readonly chip: number;
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

/** For each size of chips where the tile begins. @param chips pixels along a chip's side, not necessarily whole @param count of places for each */
export function placeTiles(residual: Residual, chips: readonly number[], count = PEAKS): TilePlaces[] {
  const places: TilePlaces[] = [];
  for (let at = 0; at < chips.length; at += 2) {
    const pair = chips.slice(at, at + 2).map((chip) => ({ residual, chip, folded: fold(residual, residual.values, chip) }));
    const [one, other] = pair;
    const matches = matchBoth((one as (typeof pair)[0]).folded, other?.folded);
    for (const [index, place] of pair.entries()) places.push({ ...place, peaks: highest(matches[index] as Float64Array, count) });
  }
  return places;
}

/** The mean trust of each half chip, as `folded` lies. */
export function foldTrust({ residual, chip }: TilePlaces): Float32Array {
  return fold(residual, residual.trust, chip);
}

/** One transform does for two tiles: the second goes along as the imaginary half. */
function matchBoth(one: Float32Array, other: Float32Array | undefined): [Float64Array, Float64Array] {
  const both: Spectrum = { re: known(one), im: other ? known(other) : new Float64Array(AREA) };
  transform(both);
  const { re, im } = both;
  const fixed = fixedChips();
  for (let index = 0; index < AREA; index++) {
    // Both of a pair of conjugates at once: what they weigh is the same.
    const opposite = OPPOSITE[index] as number;
    if (opposite < index) continue;
    const a = re[index] as number;
    const b = im[index] as number;
    const c = re[opposite] as number;
    const d = im[opposite] as number;
    const one_re = (a + c) / 2;
    const one_im = (b - d) / 2;
    const other_re = (b + d) / 2;
    const other_im = (c - a) / 2;
    const one_weight = weightOf(one_re, one_im);
    const other_weight = weightOf(other_re, other_im);
    const fixed_re = fixed.re[index] as number;
    const fixed_im = -(fixed.im[index] as number);
    const real = one_re * one_weight - other_im * other_weight;
    const imaginary = one_im * one_weight + other_re * other_weight;
    re[index] = real * fixed_re - imaginary * fixed_im;
    im[index] = real * fixed_im + imaginary * fixed_re;
    if (opposite === index) continue;
    const opposite_real = one_re * one_weight + other_im * other_weight;
    const opposite_imaginary = other_re * other_weight - one_im * one_weight;
    re[opposite] = opposite_real * fixed_re + opposite_imaginary * fixed_im;
    im[opposite] = opposite_imaginary * fixed_re - opposite_real * fixed_im;
  }
  inverse(both);
  return [re, im];
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

function highest(match: Float64Array, count: number): Peak[] {
  let squares = 0;
  for (let index = 0; index < AREA; index++) squares += (match[index] as number) * (match[index] as number);
  const deviation = Math.sqrt(squares / AREA) || 1;
  const peaks: Peak[] = [];
  while (peaks.length < count) {
    let [best, most] = [0, match[0] as number];
    for (let index = 1; index < AREA; index++) {
      const value = match[index] as number;
      if (value <= most) continue;
      most = value;
      best = index;
    }
    const [x, y] = [best % SIDE, Math.floor(best / SIDE)];
    peaks.push({ x, y, z: most / deviation });
    // Its flanks are no other places.
    for (let down = -1; down <= 1; down++) {
      for (let right = -1; right <= 1; right++)
        match[((y + down + SIDE) % SIDE) * SIDE + ((x + right + SIDE) % SIDE)] = Number.NEGATIVE_INFINITY;
    }
  }
  return peaks;
}

function fold({ width, height }: Residual, values: Float32Array, chip: number): Float32Array {
  const sums = new Float32Array(AREA);
  const [columns, rows] = [halfChips(width, chip), halfChips(height, chip)];
  for (let y = 0, pixel = 0; y < height; y++) {
    const row = (rows[y] as number) * SIDE;
    for (let x = 0; x < width; x++, pixel++) {
      const cell = row + (columns[x] as number);
      sums[cell] = (sums[cell] as number) + (values[pixel] as number);
    }
  }
  const [across, down] = [howOften(columns), howOften(rows)];
  for (let cell = 0; cell < AREA; cell++) {
    sums[cell] = (sums[cell] as number) / ((down[cell >> 6] as number) * (across[cell & 63] as number));
  }
  return sums;
}

/** For each pixel along a side the half chip of the tile that it lies in. */
function halfChips(pixels: number, chip: number): Uint8Array {
  const per_pixel = 2 / chip;
  const places = new Uint8Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel++) places[pixel] = Math.floor((pixel + 0.5) * per_pixel) % SIDE;
  return places;
}

function howOften(places: Uint8Array): Uint32Array {
  const counts = new Uint32Array(SIDE);
  for (const place of places) counts[place] = (counts[place] as number) + 1;
  return counts;
}

let template: Spectrum | undefined;

function fixedChips(): Spectrum {
  if (template) return template;
  const { sync, sync_signs } = layout();
  const values = new Float64Array(AREA);
  for (const [index, place] of sync.entries()) {
    const corner = Math.floor(place / TILE) * 2 * SIDE + (place % TILE) * 2;
    for (const offset of [0, 1, SIDE, SIDE + 1]) values[corner + offset] = sync_signs[index] as number;
  }
  template = { re: values, im: new Float64Array(AREA) };
  transform(template);
  return template;
}
