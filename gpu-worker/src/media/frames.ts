/** A chunk's pixels, [F, H, W, 3] in one array, taken apart. */
import { requireEvenSize } from './pixels.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** @returns how many frames there are; @throws Error unless it is a whole number and at least one */
export function requireChunk(frames: Uint8Array, { width, height }: Size): number {
  requireEvenSize(width, height);
  const count = frames.length / (width * height * 3);
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(
      `a chunk must hold whole RGB frames of ${width}x${height}, ${width * height * 3} bytes each; got ${frames.length} bytes`,
    );
  }
  return count;
}

/** Views of the frames, in order. */
export function* splitFrames(frames: Uint8Array, { width, height }: Size): Generator<Uint8Array> {
  const frameBytes = width * height * 3;
  for (let at = 0; at < frames.length; at += frameBytes) yield frames.subarray(at, at + frameBytes);
}
