/**
 * PNG to RGBA (ISO 15948): every colour type, bit depth and filter, interlaced or not. Bounded: the stream may unfold to as
 * many bytes as the header's size has, and no more. Colours are taken as sRGB; gamma and profiles are not applied.
 */
import { constants, inflateSync } from 'node:zlib';
import { PICTURE_LIMITS, PictureError, pngChunks, pngSize } from '@everframe/shared';

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: Colour;
  readonly interlaced: boolean;
}

interface Colour {
  readonly channels: number;
  readonly depths: readonly number[];
}

const PALETTE: Colour = { channels: 1, depths: [1, 2, 4, 8] };
const COLOURS: Readonly<Record<number, Colour>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: PALETTE,
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

/** Adam7: where each pass begins, and its steps. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export interface RgbaImage {
  readonly width: number;
  readonly height: number;
  /** Bytes [height, width, 4]; alpha is not multiplied in. */
  readonly rgba: Uint8Array;
}

/** @throws PictureError */
export function decodePng(bytes: Uint8Array): RgbaImage {
  const chunks = [...pngChunks(bytes)];
  const contentOf = (type: string) => chunks.find((chunk) => chunk.type === type)?.content;
  const header = readHeader(chunks[0]?.content ?? new Uint8Array(13));
  const { width, height } = header;
  const passes = passesOf(header);
  const raw = inflate(
    chunks.filter(({ type }) => type === 'IDAT').map(({ content }) => content),
    passes.reduce((sum, { rows, row_bytes }) => sum + rows * (1 + row_bytes), 0),
  );
  const rgba = new Uint8Array(width * height * 4);
  const paint = painter(header, contentOf('PLTE'), contentOf('tRNS'));
  let at = 0;
  for (const { x0, y0, dx, dy, columns, rows, row_bytes } of passes) {
    let before: Uint8Array = new Uint8Array(row_bytes);
    for (let row = 0; row < rows; row++) {
      const line = raw.subarray(at + 1, at + 1 + row_bytes);
      unfilter(raw[at] ?? 0, line, before, Math.max(1, (header.colour.channels * header.depth) >> 3));
      for (let column = 0; column < columns; column++) {
        paint(line, column, rgba, ((y0 + row * dy) * width + x0 + column * dx) * 4);
      }
      before = line;
      at += 1 + row_bytes;
    }
  }
  return { width, height, rgba };
}

function readHeader(content: Uint8Array): Header {
  const { width, height } = pngSize(content);
  if (width * height > PICTURE_LIMITS.max_pixels) throw new PictureError(`has ${width}x${height} pixels, too many`);
  const [depth = 0, colour_type = 0, compression, filter, interlace = 0] = content.subarray(8);
  const colour = COLOURS[colour_type];
  if (!colour?.depths.includes(depth) || compression !== 0 || filter !== 0 || interlace > 1 || width === 0 || height === 0) {
    throw new PictureError('is a PNG with a broken header');
  }
  return { width, height, depth, colour, interlaced: interlace === 1 };
}

function passesOf({ width, height, depth, colour, interlaced }: Header) {
  const all = interlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  return all
    .map(([x0, y0, dx, dy]) => {
      const [columns, rows] = [Math.ceil((width - x0) / dx), Math.ceil((height - y0) / dy)];
      return { x0, y0, dx, dy, columns, rows, row_bytes: Math.ceil((columns * colour.channels * depth) / 8) };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** Exactly so many bytes: a stream may be long with nothing in it, and the rest of a broken one is missing. */
function inflate(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  let raw: Uint8Array;
  try {
    raw = inflateSync(Buffer.concat(parts), { maxOutputLength: bytes, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (cause) {
    throw new PictureError('is a PNG whose content is broken', { cause });
  }
  if (raw.length !== bytes) throw new PictureError('is a PNG whose content is cut off');
  return raw;
}

/** In place. @param pixel_bytes at least one: the distance to the pixel on the left */
function unfilter(filter: number, line: Uint8Array, before: Uint8Array, pixel_bytes: number): void {
  if (filter > 4) throw new PictureError('is a PNG whose content is broken');
  for (let at = 0; filter > 0 && at < line.length; at++) {
    const left = line[at - pixel_bytes] ?? 0;
    const up = before[at] ?? 0;
    const corner = before[at - pixel_bytes] ?? 0;
    const predicted = filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner);
    line[at] = (line[at] as number) + predicted;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [to_left, to_up, to_corner] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  if (to_left <= to_up && to_left <= to_corner) return left;
  return to_up <= to_corner ? up : corner;
}

type Paint = (line: Uint8Array, column: number, rgba: Uint8Array, at: number) => void;

function painter({ depth, colour }: Header, palette: Uint8Array | undefined, transparency: Uint8Array | undefined): Paint {
  const { channels } = colour;
  const most = 2 ** depth - 1;
  const sample = (line: Uint8Array, index: number): number => {
    if (depth === 8) return line[index] as number;
    if (depth === 16) return ((line[2 * index] as number) << 8) | (line[2 * index + 1] as number);
    const bit = index * depth;
    return ((line[bit >> 3] as number) >> (8 - depth - (bit & 7))) & most;
  };
  if (colour === PALETTE) {
    if (!palette) throw new PictureError('is a PNG without its palette');
    return (line, column, rgba, at) => {
      const entry = sample(line, column);
      if (3 * entry + 2 >= palette.length) throw new PictureError('is a PNG with colours that its palette lacks');
      rgba.set(palette.subarray(3 * entry, 3 * entry + 3), at);
      rgba[at + 3] = transparency?.[entry] ?? 255;
    };
  }
  const has_alpha = channels === 2 || channels === 4;
  const colours = has_alpha ? channels - 1 : channels;
  const clear = has_alpha || !transparency ? undefined : Array.from({ length: colours }, (_, i) => sample16(transparency, i));
  const to_byte = 255 / most;
  return (line, column, rgba, at) => {
    let is_clear = clear !== undefined;
    for (let channel = 0; channel < colours; channel++) {
      const value = sample(line, column * channels + channel);
      if (value !== clear?.[channel]) is_clear = false;
      const byte = Math.round(value * to_byte);
      if (colours === 1) rgba.fill(byte, at, at + 3);
      else rgba[at + channel] = byte;
    }
    rgba[at + 3] = has_alpha ? Math.round(sample(line, column * channels + colours) * to_byte) : is_clear ? 0 : 255;
  };
}

function sample16(bytes: Uint8Array, index: number): number {
  return ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0);
}
