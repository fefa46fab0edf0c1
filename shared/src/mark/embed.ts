/**
 * Writes a mark into frames, before they are encoded. Each frame for itself and by arithmetic that every machine does alike,
 * so that a chunk made again has the same bytes. Where a chip of the picture happens to contradict the mark it is pushed harder,
 * where it agrees softly; busy places take more than flat ones, because there it hides.
 */
import { boxBlur } from './box-blur.ts';
import { encodeId } from './code.ts';
import { CHIPS, CODED_BITS, chipPixels, layout, TILE } from './layout.ts';
import { lumaOf } from './luma.ts';

/** Levels of 255 in a flat place, what a busy one may have more, and the most. */
const FLAT_LEVELS = 1.45;
const LEVELS_A_CONTRAST = 0.25;
const LEVELS_AGAINST = 0.45;
const MOST_LEVELS = 3;

export interface Marker {
  /** Changes the frames in place. @param frames [F, H, W, 3] */
  embed(frames: Uint8Array): void;
}

/** @param strength 1 is what ships; 0 leaves the frames as they are */
export function createMarker(id: string, width: number, height: number, strength = 1): Marker {
  const chip = chipPixels(width, height);
  const signs = tileSigns(id);
  const columns = Math.ceil(width / chip);
  const rows = Math.ceil(height / chip);
  const pattern = smoothPattern(signs, chip, width, height);
  const levels = new Float32Array(columns * rows);

  const embedFrame = (frame: Uint8Array): void => {
    const luma = lumaOf(frame, 3);
    const around = boxBlur(luma, width, height, chip + (chip >> 1));
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        levels[row * columns + column] = strength * chipLevels(luma, around, signs, row, column);
      }
    }
    for (let y = 0, pixel = 0; y < height; y++) {
      const row = Math.floor(y / chip) * columns;
      for (let x = 0; x < width; x++, pixel++) {
        const change = Math.floor(
          (levels[row + ((x / chip) | 0)] as number) * (pattern[pixel] as number) + (DITHER[((y & 3) << 2) | (x & 3)] as number),
        );
        if (change === 0) continue;
        for (let channel = 0, at = pixel * 3; channel < 3; channel++, at++) {
          const value = (frame[at] as number) + change;
          frame[at] = value < 0 ? 0 : value > 255 ? 255 : value;
        }
      }
    }
  };

  function chipLevels(luma: Uint8Array, around: Float32Array, signs: Int8Array, row: number, column: number): number {
    const right = Math.min(width, (column + 1) * chip);
    const bottom = Math.min(height, (row + 1) * chip);
    let sum = 0;
    let contrast = 0;
    let count = 0;
    for (let y = row * chip; y < bottom; y++) {
      for (let x = column * chip; x < right; x++) {
        const difference = (luma[y * width + x] as number) - (around[y * width + x] as number);
        sum += difference < -8 ? -8 : difference > 8 ? 8 : difference;
        contrast += difference < 0 ? -difference : difference;
        count++;
      }
    }
    const against = (-(signs[(row % TILE) * TILE + (column % TILE)] as number) * sum) / count;
    const wanted = FLAT_LEVELS + (LEVELS_A_CONTRAST * contrast) / count + (against > 0 ? LEVELS_AGAINST * against : 0);
    return wanted > MOST_LEVELS ? MOST_LEVELS : wanted;
  }

  return {
    embed(frames) {
      const bytes = width * height * 3;
      if (frames.length === 0 || frames.length % bytes !== 0) {
        throw new RangeError(`frames of ${width}x${height} have ${bytes} bytes each; got ${frames.length}`);
      }
      for (let at = 0; at < frames.length; at += bytes) embedFrame(frames.subarray(at, at + bytes));
    },
  };
}

/** 1 or -1 for each chip of the tile, row by row. */
export function tileSigns(id: string): Int8Array {
  const { data, data_signs, sync, sync_signs } = layout();
  const coded = encodeId(id);
  const signs = new Int8Array(CHIPS);
  for (const [index, place] of data.entries()) signs[place] = (coded[index % CODED_BITS] as number) * (data_signs[index] as number);
  for (const [index, place] of sync.entries()) signs[place] = sync_signs[index] as number;
  return signs;
}

/** Between the centres of chips the sign changes gradually, but faster than a straight line would, so that chips keep their strength. */
function smoothPattern(signs: Int8Array, chip: number, width: number, height: number): Float32Array {
  const pattern = new Float32Array(width * height);
  const signAt = (row: number, column: number) => signs[(((row + TILE) % TILE) * TILE + ((column + TILE) % TILE)) | 0] as number;
  for (let y = 0; y < height; y++) {
    const v = (y + 0.5) / chip - 0.5;
    const row = Math.floor(v);
    for (let x = 0; x < width; x++) {
      const u = (x + 0.5) / chip - 0.5;
      const column = Math.floor(u);
      const upper = signAt(row, column) * (1 - u + column) + signAt(row, column + 1) * (u - column);
      const lower = signAt(row + 1, column) * (1 - u + column) + signAt(row + 1, column + 1) * (u - column);
      const value = 1.6 * (upper * (1 - v + row) + lower * (v - row));
      pattern[y * width + x] = value > 1 ? 1 : value < -1 ? -1 : value;
    }
  }
  return pattern;
}

/** An ordered dither of 4 x 4 pixels, so that fractions of a level are kept on the average. */
const DITHER = Float32Array.from([0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5], (value) => (value + 0.5) / 16);
