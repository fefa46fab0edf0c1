/**
 * Refuses a file of ISO boxes (MP4, QuickTime, HEIC, AVIF) with more of them than any film has, before it is parsed: c2pa-rs's
 * time grows with the square of their number, and a megabyte of empty ones keeps it busy for minutes.
 */

/** Up to `length` bytes from `at` on: fewer where the file ends. */
export type ReadBytes = (at: number, length: number) => Promise<Uint8Array>;

/**
 * A film in one piece has some hundred boxes, however long; in fragments of two seconds, twenty minutes of it have
 * this many, and take the parser half a second.
 */
export const BOXES_MAX = 5000;

/** @throws Error when there are more; of other faults the parser will tell */
export async function requireFewBoxes(media_type: string, read: ReadBytes, size: number): Promise<void> {
  if (OF_BOXES.has(media_type)) await countBoxes(read, 0, size, 0, 0);
}

/** @returns `counted` and the boxes from `start` to `end`, with those inside them */
async function countBoxes(read: ReadBytes, start: number, end: number, depth: number, counted: number): Promise<number> {
  let count = counted;
  for (let at = start; at + 8 <= end; ) {
    const head = await read(at, 16);
    if (head.length < 8) break;
    if (++count > BOXES_MAX) throw new Error(`it has more than ${BOXES_MAX} boxes`);
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    const declared = view.getUint32(0);
    if (declared === 1 && head.length < 16) break;
    const header = declared === 1 ? 16 : 8;
    const size = declared === 1 ? Number(view.getBigUint64(8)) : declared === 0 ? end - at : declared;
    if (size < header || at + size > end) break;
    const type = String.fromCharCode(...head.subarray(4, 8));
    if (CONTAINERS.has(type) && depth < DEPTH_MAX) {
      // QuickTime's `meta` lacks the version and flags of ISO's: one of the two readings finds nothing.
      for (const skipped of type === 'meta' ? [0, 4] : [0]) {
        count = await countBoxes(read, at + header + skipped, at + size, depth + 1, count);
      }
    }
    at += size;
  }
  return count;
}

const OF_BOXES = new Set(['video/mp4', 'video/quicktime', 'image/heic', 'image/heif', 'image/avif']);
/** Types whose content the parser takes for boxes. */
const CONTAINERS = new Set('moov trak mdia minf stbl moof traf edts udta dinf tref treg mvex mfra meta schi'.split(' '));
/** Deeper ones are refused by the parser at once. */
const DEPTH_MAX = 40;
