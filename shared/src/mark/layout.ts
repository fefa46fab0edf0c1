/**
 * How the mark lies in a picture: a square tile of chips, each a few pixels wide and a little lighter or darker, laid edge to
 * edge over the whole frame and the same in every frame. Some chips are fixed and say where the tile begins; the rest carry
 * the identifier. Detectors of other releases depend on every number here: a change is a new algorithm name.
 */

/** Our name for the mark in C2PA assertions and look-ups. */
export const MARK_ALG = 'org.everframe.mark.1';

/** Chips along a tile's side. */
export const TILE = 32;
export const CHIPS = TILE * TILE;
/** Bits of an identifier; in hex, twelve digits. */
export const ID_BITS = 48;
export const CRC_BITS = 16;
/** Bits that bring the encoder of the convolutional code back to where it began. */
export const TAIL_BITS = 8;
export const CODED_BITS = (ID_BITS + CRC_BITS + TAIL_BITS) * 4;
/** Two or three for each coded bit, far from each other; the 224 others are fixed. */
const DATA_CHIPS = 800;

/**
 * Pixels along a chip's side: four at least, so that coding keeps them, then a seventy-second of the shorter side, which is
 * fine enough to hide and coarse enough to live through a frame a third of the size.
 */
export function chipPixels(width: number, height: number): number {
  return Math.max(4, Math.round(Math.min(width, height) / 72));
}

export interface Layout {
  /** Places of chips in the tile, row by row; entry i carries coded bit i % CODED_BITS. */
  readonly data: Uint16Array;
  readonly sync: Uint16Array;
  /** 1 or -1 for each chip of `sync`. */
  readonly sync_signs: Int8Array;
  /** 1 or -1 for each chip of `data`: makes every tile look like noise, whatever it says. */
  readonly data_signs: Int8Array;
}

let made: Layout | undefined;

/** The same on every machine and in every release. */
export function layout(): Layout {
  if (made) return made;
  const next = xorshift(0x45564652);
  const places = Uint16Array.from({ length: CHIPS }, (_, index) => index);
  for (let last = CHIPS - 1; last > 0; last--) {
    const other = next() % (last + 1);
    const kept = places[last] as number;
    places[last] = places[other] as number;
    places[other] = kept;
  }
  const sign = () => (next() & 0x10000 ? 1 : -1);
  const data = places.slice(0, DATA_CHIPS);
  const sync = places.slice(DATA_CHIPS);
  made = { data, sync, data_signs: Int8Array.from(data, sign), sync_signs: Int8Array.from(sync, sign) };
  return made;
}

/** Marsaglia's 32-bit generator (Journal of Statistical Software 8/14). */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
