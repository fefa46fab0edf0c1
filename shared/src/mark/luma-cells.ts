/**
 * What a fingerprint is made of: the mean luma of 8 x 8 areas over every half second. Small enough to travel with a commit, and
 * sums of parts are the whole, so that a video made by several workers has the fingerprint of one made in a single go.
 */
import type { LumaCell } from '../commit.ts';
import { FINGERPRINT_MAX_SECONDS } from '../limits.ts';

export const GRID = 8;
export const AREAS = GRID * GRID;
export const CELLS_A_SECOND = 2;

export interface LumaCells {
  /** @param seconds from the beginning of the video to the frame; what lies before it is left out, and what has no fingerprint */
  add(luma: Uint8Array, width: number, height: number, seconds: number): void;
  /** What was added so far, in order of time. */
  cells(): LumaCell[];
}

export function createLumaCells(): LumaCells {
  const sums = new Map<number, { frames: number; readonly areas: Float64Array }>();
  return {
    add(luma, width, height, seconds) {
      if (seconds < 0 || seconds >= FINGERPRINT_MAX_SECONDS) return;
      const cell = Math.floor(seconds * CELLS_A_SECOND + 1e-6);
      const sum = sums.get(cell) ?? { frames: 0, areas: new Float64Array(AREAS) };
      sums.set(cell, sum);
      sum.frames++;
      for (let area = 0; area < AREAS; area++) sum.areas[area] = (sum.areas[area] as number) + areaMean(luma, width, height, area);
    },
    cells: () =>
      [...sums]
        .sort(([one], [other]) => one - other)
        .map(([cell, { frames, areas }]) => ({ cell, frames, means: [...areas].map((sum) => Math.round((sum / frames) * 16)) })),
  };
}

/** Parts of the same cell, from segments that meet in it, as one. */
export function joinCells(parts: readonly LumaCell[]): LumaCell[] {
  const joined = new Map<number, LumaCell>();
  for (const part of parts) {
    const other = joined.get(part.cell);
    joined.set(part.cell, other ? meanOf(other, part) : part);
  }
  return [...joined.values()].sort((one, other) => one.cell - other.cell);
}

function meanOf(one: LumaCell, other: LumaCell): LumaCell {
  const frames = one.frames + other.frames;
  const means = one.means.map((mean, area) => Math.round((mean * one.frames + (other.means[area] ?? 0) * other.frames) / frames));
  return { cell: one.cell, frames, means };
}

function areaMean(luma: Uint8Array, width: number, height: number, area: number): number {
  const column = area % GRID;
  const row = Math.floor(area / GRID);
  const [left, right] = [Math.floor((column * width) / GRID), Math.floor(((column + 1) * width) / GRID)];
  const [top, bottom] = [Math.floor((row * height) / GRID), Math.floor(((row + 1) * height) / GRID)];
  let sum = 0;
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += luma[y * width + x] as number;
  return sum / ((right - left) * (bottom - top));
}
