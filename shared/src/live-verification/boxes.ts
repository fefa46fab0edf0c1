/** Boxes of ISO base media files and of JUMBF, which share their framing (ISO/IEC 14496-12 section 4.2, 19566-5 section A.2). */

export interface Box {
  readonly type: string;
  /** Where the box begins, with its header. */
  readonly at: number;
  /** Header and content. */
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
}

/** The boxes that fill `bytes`. @throws Error where they do not */
export function boxesIn(bytes: Uint8Array): Box[] {
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Box[] = [];
  for (let at = 0; at < bytes.length; ) {
    const left = bytes.length - at;
    if (left < 8) throw new Error(`a box at byte ${at} needs 8 bytes; ${left} are left`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const short = numbers.getUint32(at);
    const header = short === 1 ? 16 : 8;
    if (left < header) throw new Error(`box '${type}' at byte ${at} is cut off`);
    const size = short === 1 ? Number(numbers.getBigUint64(at + 8)) : short;
    if (size < header || size > left) throw new Error(`box '${type}' at byte ${at} claims ${size} of ${left} bytes`);
    if (found.length === BOXES_MAX) throw new Error(`there are more than ${BOXES_MAX} boxes`);
    found.push({ type, at, bytes: bytes.subarray(at, at + size), content: bytes.subarray(at + header, at + size) });
    at += size;
  }
  return found;
}

/** @throws Error unless there is exactly one */
export function onlyBox(boxes: readonly Box[], type: string): Box {
  const [found, ...others] = boxes.filter((box) => box.type === type);
  if (!found || others.length > 0) throw new Error(`there must be one '${type}'; there are ${found ? others.length + 1 : 0}`);
  return found;
}

/** Far above what a segment or a manifest has. */
const BOXES_MAX = 200;
