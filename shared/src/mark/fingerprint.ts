/**
 * A fingerprint: 96 bits for each second of a video, which stay nearly the same when the file is coded again, scaled or lightly
 * cropped. Half of them say how light and dark are spread over the picture, half how that changes within the second: signs of the
 * slowest waves of a cosine transform, as in perceptual hashes of pictures. It identifies by likeness, not by proof.
 */
import type { GrowingFingerprint, LumaCell } from '../commit.ts';
import { FINGERPRINT_MAX_SECONDS } from '../limits.ts';
import { AREAS, CELLS_A_SECOND, GRID, joinCells } from './luma-cells.ts';

/** Our name for the fingerprint in C2PA assertions and look-ups. */
export const FINGERPRINT_ALG = 'org.everframe.fingerprint.1';

/** Of a second: hex digits, and the bits that they hold. */
export const HASH_DIGITS = 24;
export const HASH_BITS = HASH_DIGITS * 4;
/** A second in which there is nothing to tell: black, or one flat colour. */
export const NOTHING = '0'.repeat(HASH_DIGITS);
const WAVES = HASH_BITS / 2;
/** Levels of 255 by which the slow waves of a picture must differ to say anything. */
const FLAT_LEVELS = 3;

/** Looked up by 16 bits at a time: of those that nearly agree, some part agrees wholly. */
const BAND_DIGITS = 4;
export const BANDS = HASH_DIGITS / BAND_DIGITS;

/** @param cells in order, whole ones @returns one hash for each second that has both of its halves */
export function fingerprintOf(cells: readonly LumaCell[]): string[] {
  return wholeFingerprint({ hashes: [], cells });
}

/**
 * Goes on with a fingerprint: what no later segment can change becomes a hash, and only the cells behind that are kept.
 * @param cells of the segments behind it, in order: none lies before the last that is known
 */
export function growFingerprint(known: GrowingFingerprint, cells: readonly LumaCell[]): GrowingFingerprint {
  const joined = joinCells([...known.cells, ...cells]);
  // More of the last half second may come.
  const hashes = hashesUpTo((joined.at(-1)?.cell ?? 0) - 1, { hashes: known.hashes, cells: joined });
  const next = hashes.length < FINGERPRINT_MAX_SECONDS ? hashes.length * CELLS_A_SECOND : Number.POSITIVE_INFINITY;
  return { hashes, cells: joined.filter(({ cell }) => cell >= next) };
}

/** Of a video to which nothing will be added. */
export function wholeFingerprint({ hashes, cells }: GrowingFingerprint): string[] {
  return hashesUpTo(cells.at(-1)?.cell ?? -1, { hashes, cells });
}

/** @param last the half second behind which nothing counts */
function hashesUpTo(last: number, { hashes: known, cells }: GrowingFingerprint): string[] {
  const hashes = [...known];
  const halves = new Map(cells.map((cell) => [cell.cell, cell.means]));
  for (let cell = hashes.length * CELLS_A_SECOND; cell + 1 <= last && hashes.length < FINGERPRINT_MAX_SECONDS; cell += CELLS_A_SECOND) {
    const [first, second] = [halves.get(cell), halves.get(cell + 1)];
    hashes.push(first && second ? hashOf(first, second) : NOTHING);
  }
  return hashes;
}

/** Bits in which two hashes differ. */
export function hammingDistance(one: string, other: string): number {
  return wordsDistance(hashWords(one), hashWords(other));
}

/** A hash as 32 bits at a time: what is compared often is read once. */
export type HashWords = readonly [number, number, number];

export function hashWords(hash: string): HashWords {
  return [Number.parseInt(hash.slice(0, 8), 16), Number.parseInt(hash.slice(8, 16), 16), Number.parseInt(hash.slice(16, 24), 16)];
}

export function wordsDistance(one: HashWords, other: HashWords): number {
  return bitsOf(one[0] ^ other[0]) + bitsOf(one[1] ^ other[1]) + bitsOf(one[2] ^ other[2]);
}

/** Ones in 32 bits: sums of pairs, of fours, of bytes, and these by one multiplication. */
function bitsOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** For each of a hash's parts a number that tells part and content. */
export function bandsOf(hash: string): number[] {
  return Array.from(
    { length: BANDS },
    (_, band) => band * 0x10000 + Number.parseInt(hash.slice(band * BAND_DIGITS, (band + 1) * BAND_DIGITS), 16),
  );
}

function hashOf(first: readonly number[], second: readonly number[]): string {
  const light = cosineTransform(first.map((value, area) => (value + (second[area] as number)) / 32));
  const change = cosineTransform(first.map((value, area) => ((second[area] as number) - value) / 16));
  const waves = light.slice(1, WAVES + 1);
  if (Math.max(...waves.map(Math.abs)) < FLAT_LEVELS) return NOTHING;
  const middle = waves.toSorted((one, other) => one - other)[WAVES >> 1] as number;
  return toHex([...waves.map((value) => value > middle), ...change.slice(0, WAVES).map((value) => value > 0)]);
}

/** Slowest waves first; the mean is at 0. */
function cosineTransform(values: readonly number[]): number[] {
  return ORDER.map((index) => {
    const u = index % GRID;
    const v = Math.floor(index / GRID);
    let sum = 0;
    for (let area = 0; area < AREAS; area++) {
      sum +=
        (values[area] as number) * (COSINES[u * GRID + (area % GRID)] as number) * (COSINES[v * GRID + Math.floor(area / GRID)] as number);
    }
    return sum / GRID;
  });
}

const COSINES = Float64Array.from({ length: AREAS }, (_, index) =>
  Math.cos(((2 * (index % GRID) + 1) * Math.floor(index / GRID) * Math.PI) / (2 * GRID)),
);
/** By the sum of both frequencies. */
const ORDER = Array.from({ length: AREAS }, (_, index) => index).sort(
  (one, other) => (one % GRID) + Math.floor(one / GRID) - (other % GRID) - Math.floor(other / GRID) || one - other,
);

function toHex(bits: readonly boolean[]): string {
  let text = '';
  for (let at = 0; at < bits.length; at += 4) {
    text += bits
      .slice(at, at + 4)
      .reduce((digit, bit) => digit * 2 + Number(bit), 0)
      .toString(16);
  }
  return text;
}
