/**
 * Refuses an MP4 with more boxes than any film has, before it is parsed: the parser's time grows with the square of
 * their number, and a megabyte of empty ones keeps it busy for minutes.
 */
import { type FileHandle, open } from 'node:fs/promises';

/**
 * A film in one piece has some hundred boxes, however long; in fragments of two seconds, twenty minutes of it have
 * this many, and take the parser half a second.
 */
export const BOXES_MAX = 5000;

/** @throws Error when there are more; of other faults the parser will tell */
export async function requireFewBoxes(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await countBoxes(file, 0, (await file.stat()).size, 0, 0);
  } finally {
    await file.close();
  }
}

/** @returns `counted` and the boxes from `start` to `end`, with those inside them */
async function countBoxes(file: FileHandle, start: number, end: number, depth: number, counted: number): Promise<number> {
  let count = counted;
  const head = Buffer.alloc(16);
  for (let at = start; at + 8 <= end; ) {
    const { bytesRead } = await file.read(head, 0, 16, at);
    if (bytesRead < 8) break;
    if (++count > BOXES_MAX) throw new Error(`it has more than ${BOXES_MAX} boxes`);
    const declared = head.readUInt32BE(0);
    const header = declared === 1 ? 16 : 8;
    const size = declared === 1 ? Number(head.readBigUInt64BE(8)) : declared === 0 ? end - at : declared;
    if (size < header || at + size > end) break;
    const type = head.toString('latin1', 4, 8);
    if (CONTAINERS.has(type) && depth < DEPTH_MAX) {
      // QuickTime's `meta` lacks the version and flags of ISO's: one of the two readings finds nothing.
      for (const skipped of type === 'meta' ? [0, 4] : [0]) {
        count = await countBoxes(file, at + header + skipped, at + size, depth + 1, count);
      }
    }
    at += size;
  }
  return count;
}

/** Types whose content the parser takes for boxes. */
const CONTAINERS = new Set('moov trak mdia minf stbl moof traf edts udta dinf tref treg mvex mfra meta schi'.split(' '));
/** Deeper ones are refused by the parser at once. */
const DEPTH_MAX = 40;
