/** The last thing that happens to pixels before they are encoded: the mark goes in, and what the fingerprint needs comes out. */
import { setImmediate } from 'node:timers/promises';
import type { LumaCell } from '@everframe/shared';
import { createLumaCells, createMarker, lumaOf } from '@everframe/shared/mark';
import { splitFrames } from './frames.ts';

export interface ChunkToMark {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** How many frames of the video lie before this chunk. */
  readonly first_frame: number;
  /** 12 hex digits; undefined writes nothing. */
  readonly mark: string | undefined;
  readonly signal?: AbortSignal;
}

/** Others get their turn after every frame. @param frames [F, H, W, 3]; changed in place */
export async function markChunk(frames: Uint8Array, { width, height, fps, first_frame, mark, signal }: ChunkToMark): Promise<LumaCell[]> {
  const marker = mark === undefined ? undefined : createMarker(mark, width, height);
  const cells = createLumaCells();
  let index = first_frame;
  for (const frame of splitFrames(frames, { width, height })) {
    signal?.throwIfAborted();
    marker?.embed(frame);
    cells.add(lumaOf(frame, 3), width, height, index++ / fps);
    await setImmediate();
  }
  return cells.cells();
}
