/** A video as one picture: sixteen of its frames at even distances, four in a row, the first at the upper left. */
import type { RgbImage } from '../generation/family.ts';
import { stillAt } from './stills.ts';

const COLUMNS = 4;
const ROWS = 4;

/** The frame on each tile: tile i shows the video at i sixteenths of its length, or the last still before that. */
export function spritesheetFrames({ frames, fps }: { readonly frames: number; readonly fps: number }): number[] {
  const tiles = COLUMNS * ROWS;
  return Array.from({ length: tiles }, (_, tile) => stillAt(Math.floor((tile * frames) / tiles), fps));
}

/** @param tiles of one size, as many as `spritesheetFrames` names */
export function joinTiles(tiles: readonly RgbImage[]): RgbImage {
  const [first] = tiles;
  if (!first || tiles.length !== COLUMNS * ROWS) throw new Error(`a spritesheet has ${COLUMNS * ROWS} tiles; got ${tiles.length}`);
  const [width, height] = [first.width * COLUMNS, first.height * ROWS];
  const rgb = new Uint8Array(width * height * 3);
  for (const [index, tile] of tiles.entries()) {
    if (tile.width !== first.width || tile.height !== first.height) throw new Error(`tile ${index} differs in size from the first`);
    const [left, top] = [(index % COLUMNS) * tile.width, Math.floor(index / COLUMNS) * tile.height];
    for (let y = 0; y < tile.height; y++) {
      rgb.set(tile.rgb.subarray(y * tile.width * 3, (y + 1) * tile.width * 3), ((top + y) * width + left) * 3);
    }
  }
  return { rgb, width, height };
}
