/**
 * What a spritesheet is made of: some frames of a chunk, made small, one above the other in one JPEG. It is stored with the
 * chunk's commit, so that whichever worker finishes the video has those of all chunks without decoding any of them.
 */
import { setImmediate } from 'node:timers/promises';
import type { RgbImage } from '../generation/family.ts';
import { splitFrames } from './frames.ts';
import { decodeJpeg, encodeJpeg } from './jpeg.ts';

/** Where a video has as many frames. */
const STILLS_PER_SECOND = 4;
/** Pixels. */
const STILL_MAX_SIDE = 320;
/** High, because a still is compressed once more in the sheet. */
const QUALITY = 95;

interface ChunkPlace {
  readonly fps: number;
  readonly first_frame: number;
}

/** The last frame up to this one that is kept. */
export function stillAt(frame: number, fps: number): number {
  const interval = stillInterval(fps);
  return Math.floor(frame / interval) * interval;
}

/** @param frames [F, H, W, 3]. @returns undefined where none of them is kept */
export async function encodeStills(frames: Uint8Array, chunk: ChunkPlace & Size): Promise<Uint8Array | undefined> {
  const { fps, first_frame } = chunk;
  const stills: Uint8Array[] = [];
  let frame = first_frame;
  for (const pixels of splitFrames(frames, chunk)) {
    if (stillAt(frame, fps) === frame) stills.push(shrink(pixels, chunk));
    frame++;
    await setImmediate();
  }
  if (stills.length === 0) return undefined;
  const { width, height } = stillSize(chunk);
  return encodeJpeg(Buffer.concat(stills), width, height * stills.length, QUALITY);
}

/** One of the stills that `encodeStills` put together. @param frame one that is kept */
export function takeStill(encoded: Uint8Array, frame: number, { fps, first_frame, ...size }: ChunkPlace & Size): RgbImage {
  const { rgb, width, height } = decodeJpeg(encoded);
  const still = stillSize(size);
  const interval = stillInterval(fps);
  const begin = (frame / interval - Math.ceil(first_frame / interval)) * still.height;
  if (width !== still.width || begin < 0 || begin + still.height > height) {
    throw new Error(`the stills of the chunk at frame ${first_frame} are ${width}x${height}: they do not hold frame ${frame}`);
  }
  return { ...still, rgb: rgb.subarray(begin * width * 3, (begin + still.height) * width * 3) };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function stillInterval(fps: number): number {
  return Math.max(1, Math.floor(fps / STILLS_PER_SECOND));
}

function stillSize({ width, height }: Size): Size {
  const factor = shrinkFactor({ width, height });
  return { width: Math.floor(width / factor), height: Math.floor(height / factor) };
}

function shrinkFactor({ width, height }: Size): number {
  return Math.ceil(Math.max(width, height) / STILL_MAX_SIDE);
}

/** Each new pixel is the mean of a square of old ones; what is left over at the right and below is left out. */
function shrink(rgb: Uint8Array, size: Size): Uint8Array {
  const factor = shrinkFactor(size);
  if (factor === 1) return rgb;
  const { width, height } = stillSize(size);
  const small = new Uint8Array(width * height * 3);
  const area = factor * factor;
  for (let at = 0; at < small.length; at++) {
    const pixel = Math.floor(at / 3);
    const [x, y] = [(pixel % width) * factor, Math.floor(pixel / width) * factor];
    let sum = area >> 1;
    for (let row = y; row < y + factor; row++) {
      for (let column = x; column < x + factor; column++) sum += rgb[(row * size.width + column) * 3 + (at % 3)] as number;
    }
    small[at] = Math.floor(sum / area);
  }
  return small;
}
