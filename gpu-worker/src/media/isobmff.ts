/**
 * Boxes of the ISO base media file format (ISO/IEC 14496-12): written from parts, and found again in bytes.
 * Integers are big-endian. Reading trusts nothing: a box that claims more than is there is an error that names it.
 */

export type Part = Uint8Array | number[];

/** size, type, then the parts (section 4.2). */
export function box(type: string, ...parts: Part[]): Uint8Array<ArrayBuffer> {
  const body = concat(parts);
  return concat([u32(body.length + 8), ascii(type), body]);
}

/** A box with version and flags. */
export function fullBox(type: string, version: number, flags: number, ...parts: Part[]): Uint8Array<ArrayBuffer> {
  return box(type, u32(version * 2 ** 24 + flags), ...parts);
}

export function concat(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function u8(...values: number[]): number[] {
  return values;
}

export function u16(value: number): number[] {
  requireField(value, 16);
  return [(value >> 8) & 0xff, value & 0xff];
}

export function u32(value: number): number[] {
  requireField(value, 32);
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** Up to 2^53, which is as far as a number is exact. */
export function u64(value: number): number[] {
  return [...u32(Math.floor(value / 2 ** 32)), ...u32(value % 2 ** 32)];
}

export function u32Array(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const numbers = view(bytes);
  for (const [index, value] of values.entries()) numbers.setUint32(index * 4, value);
  return bytes;
}

function requireField(value: number, bits: 16 | 32): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new RangeError(`a field of ${bits} bits holds whole numbers below 2^${bits}; got ${value}`);
  }
}

export function u64Array(values: readonly number[]): Uint8Array {
  return concat(values.map(u64));
}

/** Reserved bytes and fields left at zero. */
export function zeros(count: number): Uint8Array {
  return new Uint8Array(count);
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Where a box's content lies: [start, end); the box itself begins at `at`. */
export interface BoxPlace {
  readonly type: string;
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

/** The boxes that lie one after the other in [start, end). */
export function* readBoxes(bytes: Uint8Array, start = 0, end = bytes.length): Generator<BoxPlace> {
  for (let at = start; at < end; ) {
    const place = readBoxHeader(bytes.subarray(at, end), at, end);
    yield place;
    at = place.end;
  }
}

/**
 * @param header the bytes at `at`: at least 16, or all up to `end`
 * @throws Error when the box does not end by `end`
 */
export function readBoxHeader(header: Uint8Array, at: number, end: number): BoxPlace {
  if (header.length < 8) throw new Error(`a box at byte ${at} needs a header of 8 bytes; ${header.length} are left`);
  const numbers = view(header);
  const type = String.fromCharCode(...header.subarray(4, 8));
  let size = numbers.getUint32(0);
  let headerBytes = 8;
  if (size === 1) {
    if (header.length < 16) throw new Error(`box '${type}' at byte ${at} needs a header of 16 bytes; ${header.length} are left`);
    size = Number(numbers.getBigUint64(8));
    headerBytes = 16;
  } else if (size === 0) {
    size = end - at;
  }
  if (size < headerBytes || size > end - at) {
    throw new Error(`box '${type}' at byte ${at} claims ${size} bytes; it may have ${headerBytes} to ${end - at}`);
  }
  return { type, at, start: at + headerBytes, end: at + size };
}

/** Follows a path of types down from [start, end). @throws Error naming the box that is missing */
export function findBox(bytes: Uint8Array, path: readonly string[], start = 0, end = bytes.length): BoxPlace {
  let found: BoxPlace | undefined;
  for (const type of path) {
    found = undefined;
    for (const place of readBoxes(bytes, start, end)) {
      if (place.type === type) {
        found = place;
        break;
      }
    }
    if (!found) throw new Error(`box '${type}' of ${path.join('/')} is missing`);
    ({ start, end } = found);
  }
  if (!found) throw new Error('a path must name at least one box');
  return found;
}

/** Big-endian numbers of a box's content; reading past its end is an error that names it. */
export function boxReader(
  bytes: Uint8Array,
  place: BoxPlace,
): { u8(at: number): number; u16(at: number): number; u32(at: number): number; u64(at: number): number } {
  const numbers = view(bytes);
  const check = (at: number, length: number): number => {
    if (place.start + at + length > place.end) {
      throw new Error(`box '${place.type}' at byte ${place.at} is cut off: it has no ${length} bytes at ${at}`);
    }
    return place.start + at;
  };
  return {
    u8: (at) => numbers.getUint8(check(at, 1)),
    u16: (at) => numbers.getUint16(check(at, 2)),
    u32: (at) => numbers.getUint32(check(at, 4)),
    u64: (at) => Number(numbers.getBigUint64(check(at, 8))),
  };
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
