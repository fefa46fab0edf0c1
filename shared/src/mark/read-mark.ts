/**
 * Reads a mark out of decoded frames: of any size, cut, cropped, scaled or coded again. Frames are added one by one, in any
 * order and number; what they have in common is the mark, and what moves cancels. The same code runs in the page, at the
 * terminal and in tests. It takes no file apart: whoever has a decoder brings the luma.
 */
import { boxBlur } from './box-blur.ts';
import { decodeId, encodeId } from './code.ts';
import { tileSigns } from './embed.ts';
import { foldTrust, placeTiles, type Residual, type TilePlaces } from './find-tile.ts';
import { SIDE } from './fourier.ts';
import { CHIPS, CODED_BITS, chipPixels, layout, TILE } from './layout.ts';

export interface MarkReading {
  /** Twelve hex digits; null where no mark was found. */
  readonly id: string | null;
  /** How well the whole tile agrees with it, in standard deviations; without a mark, how well the best place did. */
  readonly certainty: number;
  /** Of the coded bits the share that was read wrong and then corrected; null without a mark. */
  readonly bit_errors: number | null;
}

export interface MarkReader {
  /** @param luma one frame, a byte a pixel, row by row */
  add(luma: Uint8Array): void;
  read(): MarkReading;
}

/** Frames are made smaller before they are looked at, down to at least this along the shorter side. */
const WORKING_SIDE = 320;
/** Neighbourhoods, as shares of the shorter side: for chips of large frames and of small ones. */
const SCALES = [
  { radius: 0.0104, chips: [1 / 100, 1 / 45] },
  { radius: 0.0234, chips: [1 / 45, 1 / 15] },
] as const;
const SEARCH_STEP = 1.02;
const CANDIDATES = 8;
/** Levels of contrast at which a place counts half: what a chip may change hardly shows among so much. */
const BUSY_LEVELS = 10;
/** Noise that passes the checksum reaches 9.4: of 2^64 code words the best agrees so well by chance. */
const CERTAIN = 10;
const NOTHING_READ: MarkReading = { id: null, certainty: 0, bit_errors: null };

export function createMarkReader(width: number, height: number): MarkReader {
  const shrink = Math.max(1, Math.floor(Math.min(width, height) / WORKING_SIDE));
  const small = { width: Math.floor(width / shrink), height: Math.floor(height / shrink) };
  const shorter = Math.min(small.width, small.height);
  const sums = SCALES.map(() => ({
    values: new Float32Array(small.width * small.height),
    trust: new Float32Array(small.width * small.height),
  }));
  let frames = 0;

  return {
    add(luma) {
      if (luma.length !== width * height)
        throw new RangeError(`a frame of ${width}x${height} has ${width * height} bytes; got ${luma.length}`);
      const picture = shrink === 1 ? Float32Array.from(luma) : shrinkFrame(luma, width, small, shrink);
      for (const [index, { radius }] of SCALES.entries()) addResidual(sums[index] as Sums, picture, small, radiusOf(radius, shorter));
      frames++;
    },
    read() {
      if (frames === 0) return NOTHING_READ;
      const residuals = SCALES.map(({ radius }, index) => level(sums[index] as Sums, frames, small, radiusOf(radius, shorter) + 1));
      return search(residuals, shorter, chipPixels(width, height) / shrink);
    },
  };
}

function radiusOf(share: number, shorter: number): number {
  return Math.max(2, Math.round(share * shorter));
}

/** First where the mark would be in a file that kept its size, then everywhere, then mirrored. */
function search(residuals: readonly Residual[], shorter: number, likely_chip: number): MarkReading {
  let best = 0;
  const look = (places: readonly TilePlaces[]): MarkReading | undefined => {
    for (const place of places) {
      const trust = foldTrust(place);
      for (const { x, y } of place.peaks) {
        const reading = readTile(place.folded, trust, x, y);
        if (reading.id !== null) return reading;
        best = Math.max(best, reading.certainty);
      }
    }
    return undefined;
  };
  const plain = look(residuals.flatMap((residual) => placeTiles(residual, [likely_chip])));
  if (plain) return plain;
  for (const turned of [residuals, residuals.map(mirror)]) {
    const found = look(candidates(turned, shorter));
    if (found) return found;
  }
  return { ...NOTHING_READ, certainty: best };
}

/** The sizes at which the fixed chips stand out most, each tried a little larger and smaller. */
function candidates(residuals: readonly Residual[], shorter: number): TilePlaces[] {
  const found: { readonly residual: Residual; readonly chip: number; readonly z: number }[] = [];
  for (const [index, { chips }] of SCALES.entries()) {
    const residual = residuals[index] as Residual;
    const sizes: number[] = [];
    for (let chip = Math.max(1.8, chips[0] * shorter); chip < chips[1] * shorter; chip *= SEARCH_STEP) sizes.push(chip);
    for (const [at, { peaks }] of placeTiles(residual, sizes, 1).entries())
      found.push({ residual, chip: sizes[at] as number, z: peaks[0]?.z ?? 0 });
  }
  found.sort((one, other) => other.z - one.z);
  return found.slice(0, CANDIDATES).map(({ residual, chip }) => {
    // Over many chips even a small error of their size adds up.
    const step = Math.max(residual.width, residual.height) / chip > 1.5 * TILE ? 1 : 2;
    const sizes: number[] = [];
    for (let at = -4; at <= 4; at += step) sizes.push(chip * (1 + at * 0.0025));
    const near = placeTiles(residual, sizes);
    return near.reduce((best, places) => ((places.peaks[0]?.z ?? 0) > (best.peaks[0]?.z ?? 0) ? places : best));
  });
}

/** @param x where the tile begins, in half chips; y too */
function readTile(folded: Float32Array, trust: Float32Array, x: number, y: number): MarkReading {
  const { data, data_signs } = layout();
  const chips = chipValues(folded, x, y);
  const trusted = sumQuarters(trust, x, y);
  const soft = new Float32Array(CODED_BITS);
  for (const [index, place] of data.entries()) {
    const value = (chips[place] as number) * (trusted.sums[place] as number) * (data_signs[index] as number);
    soft[index % CODED_BITS] = (soft[index % CODED_BITS] as number) + value;
  }
  const id = decodeId(soft);
  if (id === undefined) return NOTHING_READ;
  const signs = tileSigns(id);
  const squares = chips.reduce((total, value) => total + value * value, 0);
  const certainty = chips.reduce((total, value, place) => total + value * (signs[place] as number), 0) / Math.sqrt(squares || 1);
  if (certainty < CERTAIN) return { ...NOTHING_READ, certainty };
  const sent = encodeId(id);
  const wrong = soft.reduce((count, value, bit) => count + (value * (sent[bit] as number) < 0 ? 1 : 0), 0);
  return { id, certainty, bit_errors: wrong / CODED_BITS };
}

/** How light each chip is against those around it, in standard deviations, at most 2; what the picture does not show of it says nothing. */
function chipValues(folded: Float32Array, x: number, y: number): Float32Array {
  const { sums, seen } = sumQuarters(folded, x, y);
  const around = boxBlur(sums, TILE, TILE, 1);
  const seen_around = boxBlur(seen, TILE, TILE, 1);
  const chips = sums.map((sum, place) => {
    const share = seen[place] as number;
    return share === 0 ? 0 : sum - ((around[place] as number) * share) / (seen_around[place] as number);
  });
  const quarters = seen.reduce((total, share) => total + share, 0);
  const deviation = Math.sqrt((4 * chips.reduce((squares, value) => squares + value * value, 0)) / quarters) || 1;
  return chips.map((value) => clamp(value / deviation, 2));
}

/** For each chip the sum of its four quarters, and how many of them the picture shows. */
function sumQuarters(folded: Float32Array, x: number, y: number): { readonly sums: Float32Array; readonly seen: Float32Array } {
  const sums = new Float32Array(CHIPS);
  const seen = new Float32Array(CHIPS);
  for (let place = 0; place < CHIPS; place++) {
    const top = y + Math.floor(place / TILE) * 2;
    const left = x + (place % TILE) * 2;
    for (let quarter = 0; quarter < 4; quarter++) {
      const value = folded[((top + (quarter >> 1)) % SIDE) * SIDE + ((left + (quarter & 1)) % SIDE)] as number;
      if (Number.isNaN(value)) continue;
      sums[place] = (sums[place] as number) + value;
      seen[place] = (seen[place] as number) + 1;
    }
  }
  return { sums, seen };
}

/** Each pixel against its neighbourhood, in shares of what is usual there, so that edges of the picture count little. */
function addResidual({ values, trust }: Sums, picture: Float32Array, { width, height }: FrameSize, radius: number): void {
  const difference = boxBlur(picture, width, height, radius);
  const size = new Float32Array(difference.length);
  for (let pixel = 0; pixel < values.length; pixel++) {
    const value = (picture[pixel] as number) - (difference[pixel] as number);
    difference[pixel] = value;
    size[pixel] = value < 0 ? -value : value;
  }
  const usual = boxBlur(size, width, height, radius + 1);
  for (let pixel = 0; pixel < values.length; pixel++) {
    const contrast = usual[pixel] as number;
    values[pixel] = (values[pixel] as number) + clamp((difference[pixel] as number) / (contrast + 1), 2);
    trust[pixel] = (trust[pixel] as number) + 1 / (1 + (contrast * contrast) / (BUSY_LEVELS * BUSY_LEVELS));
  }
}

/**
 * What stands still and is full of detail would drown the rest: a place counts the less the more there is around it, beyond making
 * all alike, since where there is little nearly all of it is the mark.
 */
function level(sums: Sums, frames: number, { width, height }: FrameSize, radius: number): Residual {
  const squares = boxBlur(
    sums.values.map((value) => value * value),
    width,
    height,
    radius,
  );
  const [most, mean] = squares.reduce(([high, total], value) => [Math.max(high, value), total + value / squares.length], [1e-6, 0]);
  const values = sums.values.map((value, pixel) => {
    const square = squares[pixel] as number;
    return (clamp(value / Math.sqrt(square + 0.02 * most), 1) * mean) / (square + 0.3 * mean + 1e-9);
  });
  return { values, trust: sums.trust.map((sum) => sum / frames), width, height };
}

function clamp(value: number, most: number): number {
  return value < -most ? -most : value > most ? most : value;
}

function mirror({ values, trust, width, height }: Residual): Residual {
  const turn = (from: Float32Array) => from.map((_, pixel) => from[pixel - (pixel % width) + width - 1 - (pixel % width)] as number);
  return { values: turn(values), trust: turn(trust), width, height };
}

function shrinkFrame(luma: Uint8Array, width: number, small: FrameSize, by: number): Float32Array {
  const picture = new Float32Array(small.width * small.height);
  const share = 1 / (by * by);
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      let sum = 0;
      for (let down = 0; down < by; down++) {
        for (let right = 0; right < by; right++) sum += luma[(y * by + down) * width + x * by + right] as number;
      }
      picture[y * small.width + x] = sum * share;
    }
  }
  return picture;
}

/** Of all frames so far. */
type Sums = Pick<Residual, 'values' | 'trust'>;

interface FrameSize {
  readonly width: number;
  readonly height: number;
}
