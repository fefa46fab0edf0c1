/**
 * CBOR (RFC 8949) as far as C2PA's structures use it, from strangers: definite lengths alone, no floats, bounded depth and
 * number of items, and nothing left over. Maps are Maps, byte strings Uint8Arrays, tags `Tagged`.
 */

export class Tagged {
  readonly tag: number;
  readonly value: unknown;

  constructor(tag: number, value: unknown) {
    this.tag = tag;
    this.value = value;
  }
}

/** @throws Error saying what is wrong and where */
export function decodeCbor(bytes: Uint8Array): unknown {
  const [value, end] = readItem(bytes, 0, { depth: 0, budget: { items: ITEMS_MAX } });
  if (end !== bytes.length) throw new Error(`CBOR ends at byte ${end}, but there are ${bytes.length}`);
  return value;
}

/** What a COSE_Sign1's signature covers (RFC 9052, section 4.4), without external data. */
export function sign1Structure(protected_header: Uint8Array, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const context = new TextEncoder().encode('Signature1');
  return join([[0x84], head(3, context.length), context, byteString(protected_header), byteString(new Uint8Array(0)), byteString(payload)]);
}

export function byteString(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return join([head(2, bytes.length), bytes]);
}

type Item = [value: unknown, end: number];

interface Bounds {
  readonly depth: number;
  /** Shared by all levels. */
  readonly budget: { items: number };
}

function readItem(bytes: Uint8Array, at: number, bounds: Bounds): Item {
  if (bounds.depth > DEPTH_MAX) throw new Error(`CBOR is nested more than ${DEPTH_MAX} deep at byte ${at}`);
  if (bounds.budget.items-- === 0) throw new Error(`CBOR has more than ${ITEMS_MAX} items`);
  const inner = { ...bounds, depth: bounds.depth + 1 };
  const [major, argument, start] = readHead(bytes, at);
  switch (major) {
    case 0:
      return [argument, start];
    case 1:
      return [-1 - argument, start];
    case 2:
      return [take(bytes, start, argument), start + argument];
    case 3:
      return [new TextDecoder('utf-8', { fatal: true }).decode(take(bytes, start, argument)), start + argument];
    case 4:
      return readArray(bytes, start, argument, inner);
    case 5:
      return readMap(bytes, start, argument, inner);
    case 6: {
      const [value, end] = readItem(bytes, start, inner);
      return [new Tagged(argument, value), end];
    }
    default:
      if (!SIMPLE.has(argument) || start !== at + 1) throw new Error(`CBOR has a simple value at byte ${at} that is not read here`);
      return [SIMPLE.get(argument), start];
  }
}

function readArray(bytes: Uint8Array, start: number, count: number, bounds: Bounds): Item {
  const items: unknown[] = [];
  let at = start;
  for (let index = 0; index < count; index++) {
    const [item, end] = readItem(bytes, at, bounds);
    items.push(item);
    at = end;
  }
  return [items, at];
}

/** A key that comes twice would be read one way here and another way there. */
function readMap(bytes: Uint8Array, start: number, count: number, bounds: Bounds): Item {
  const map = new Map<unknown, unknown>();
  let at = start;
  for (let index = 0; index < count; index++) {
    const [key, value_at] = readItem(bytes, at, bounds);
    const [value, end] = readItem(bytes, value_at, bounds);
    if (map.has(key)) throw new Error(`CBOR has the key ${String(key)} twice in one map at byte ${at}`);
    map.set(key, value);
    at = end;
  }
  return [map, at];
}

/** @returns major type, argument, and where what follows begins */
function readHead(bytes: Uint8Array, at: number): [major: number, argument: number, start: number] {
  const [first = 0] = take(bytes, at, 1);
  const low = first & 0x1f;
  if (low < 24) return [first >> 5, low, at + 1];
  if (low > 27) throw new Error(`CBOR has an item of open length at byte ${at}`);
  const width = 2 ** (low - 24);
  const argument = take(bytes, at + 1, width).reduce((sum, byte) => sum * 256 + byte, 0);
  if (!Number.isSafeInteger(argument)) throw new Error(`CBOR has a number above 2^53 at byte ${at}`);
  return [first >> 5, argument, at + 1 + width];
}

function take(bytes: Uint8Array, at: number, length: number): Uint8Array {
  if (at + length > bytes.length) throw new Error(`CBOR is cut off: ${length} bytes at ${at} of ${bytes.length}`);
  return bytes.subarray(at, at + length);
}

function head(major: number, length: number): number[] {
  const type = major << 5;
  if (length < 24) return [type | length];
  if (length < 2 ** 8) return [type | 24, length];
  if (length < 2 ** 16) return [type | 25, length >> 8, length & 0xff];
  return [type | 26, (length >>> 24) & 0xff, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
}

function join(parts: readonly (Uint8Array | number[])[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

const DEPTH_MAX = 16;
/** A hash for each 64 KiB of 6 GB, or for each MiB of 100 GB. A byte may claim to be an empty map, which takes a hundred of memory. */
const ITEMS_MAX = 100_000;
const SIMPLE = new Map<number, unknown>([[20, false], [21, true], [22, null], [23, undefined]]); // biome-ignore format: a table
