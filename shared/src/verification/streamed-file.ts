/**
 * A signed MP4 of any size in one pass and little memory: the box of its manifest is kept for a C2PA reader, everything else is only
 * hashed, as the manifest's own assertion says. What a reader says of the head alone is then completed by what came of the hash.
 */

import { type BmffBinding, bmffBinding, C2PA_UUID } from './bmff-binding.ts';
import { BOXES_MAX } from './box-limit.ts';

/** SHA-256 of what is given piece by piece. */
export interface Sha256 {
  update(bytes: Uint8Array): unknown;
  digest(): Promise<Uint8Array>;
}

export interface StreamedFile {
  readonly bytes: number;
  /** Lower-case hex. Undefined where the file was not read to its end, or nobody asked. */
  readonly sha256: string | undefined;
  /** `ftyp` and the box of the manifest; empty where there is none. */
  readonly head: Uint8Array;
  /**
   * Whether all bytes are those that the manifest binds. `none`: no box holds a manifest. `unsupported`: the file is built or bound in a way
   * that takes all of it at once.
   */
  readonly binding: 'match' | 'mismatch' | 'unsupported' | 'none';
  /** Of the manifest whose binding was compared; undefined where none was. */
  readonly manifest_label: string | undefined;
}

type Walked = Pick<StreamedFile, 'head' | 'binding' | 'manifest_label'>;

/** Some brands. */
const FTYP_MAX_BYTES = 4096;
/** Held several times at once, by a reader too, where memory is scarce. */
const MANIFEST_MAX_BYTES = 4 * 1024 * 1024;

/** @param options.with_sha256 whether the hash of the whole file is wanted as well; it costs as much again */
export async function readStreamedFile(
  parts: AsyncIterable<Uint8Array>,
  createSha256: () => Sha256,
  { with_sha256 = true }: { with_sha256?: boolean } = {},
): Promise<StreamedFile> {
  const whole = with_sha256 ? createSha256() : undefined;
  const source = new Source(parts, whole);
  try {
    const walked = await walk(source, createSha256);
    if (walked.binding === 'unsupported') return { bytes: source.bytes, sha256: undefined, ...walked };
    await source.pass(Number.POSITIVE_INFINITY);
    return { bytes: source.bytes, sha256: whole && toHex(await whole.digest()), ...walked };
  } finally {
    await source.close();
  }
}

async function walk(source: Source, createSha256: () => Sha256): Promise<Walked> {
  let head: Uint8Array = new Uint8Array(0);
  let bound: { binding: BmffBinding; hash: Sha256 } | undefined;
  let blocks: Blocks | undefined;
  let has_ended = true;
  let is_altered = false;
  const unsupported = (): Walked => ({ head, binding: 'unsupported', manifest_label: undefined });
  for (let index = 0; ; index++) {
    if (index === BOXES_MAX) return unsupported();
    const at = source.at;
    const box = await nextBox(source);
    if (!box) break;
    if (box === 'malformed') {
      if (index === 0) return unsupported();
      has_ended = false;
      break;
    }
    const { type, header, left } = box;
    if (index === 0 && type !== 'ftyp') return unsupported();
    if (box.is_manifest && (bound || index !== 1)) return unsupported();
    if (index === 0 || box.is_manifest) {
      if (left > (box.is_manifest ? MANIFEST_MAX_BYTES : FTYP_MAX_BYTES)) return unsupported();
      const rest = await source.take(left);
      if (rest.length < left) return unsupported();
      head = concat(head, header, rest);
      if (!box.is_manifest) continue;
      const binding = await bmffBinding(head);
      if (!binding) return unsupported();
      is_altered = binding === 'altered';
      if (binding === 'altered') continue;
      bound = { binding, hash: createSha256() };
      const first = head.subarray(0, at);
      if (!binding.excluded.has('ftyp')) await update(bound.hash, offsetBytes(0), first);
      continue;
    }
    // Without a manifest in the second box there may be one further on; then all of the file is needed at once.
    const is_hashed = bound !== undefined && !bound.binding.excluded.has(type);
    let passed: number;
    if (bound && is_hashed && type === 'mdat' && bound.binding.blocks) {
      if (blocks || header.length + left < 16) return unsupported();
      const first = header.length < 16 ? await source.take(16 - header.length) : new Uint8Array(0);
      await update(bound.hash, offsetBytes(at), header, first);
      blocks = new Blocks(bound.binding.blocks, createSha256);
      const { add } = blocks;
      passed = first.length + (await source.pass(left - first.length, add));
    } else if (bound && is_hashed) {
      const { hash } = bound;
      await update(hash, offsetBytes(at), header);
      passed = await source.pass(left, (part) => hash.update(part));
    } else {
      passed = await source.pass(left);
    }
    if (passed < left && left !== Number.POSITIVE_INFINITY) has_ended = false;
  }
  if (is_altered) return { head, binding: 'mismatch', manifest_label: undefined };
  if (!bound) return { head: new Uint8Array(0), binding: 'none', manifest_label: undefined };
  const { binding, hash } = bound;
  const are_blocks_same = blocks ? await blocks.end() : (binding.blocks?.hashes.length ?? 0) === 0;
  const is_same = has_ended && are_blocks_same && equal(await hash.digest(), binding.hash);
  return { head, binding: is_same ? 'match' : 'mismatch', manifest_label: binding.manifest_label };
}

interface BoxStart {
  readonly type: string;
  /** Size and type, and what was read of the content to know whose it is. */
  readonly header: Uint8Array;
  /** Bytes behind these; infinite for a box that goes on to the end. */
  readonly left: number;
  readonly is_manifest: boolean;
}

/** ISO/IEC 14496-12, section 4.2. Undefined at the end of the file. */
async function nextBox(source: Source): Promise<BoxStart | 'malformed' | undefined> {
  let header: Uint8Array = await source.take(8);
  if (header.length === 0) return undefined;
  if (header.length < 8) return 'malformed';
  const type = String.fromCharCode(...header.subarray(4, 8));
  const short = view(header).getUint32(0);
  if (short === 1) {
    header = concat(header, await source.take(8));
    if (header.length < 16) return 'malformed';
  }
  const size = short === 1 ? Number(view(header).getBigUint64(8)) : short === 0 ? Number.POSITIVE_INFINITY : short;
  if (size < header.length) return 'malformed';
  if (type !== 'uuid') return { type, header, left: size - header.length, is_manifest: false };
  const identifier = await source.take(Math.min(16, size - header.length));
  const is_manifest = C2PA_UUID.every((byte, index) => identifier[index] === byte);
  header = concat(header, identifier);
  return { type, header, left: size - header.length, is_manifest };
}

/** Compares blocks of one size, the last as long as it is, each as it ends; from the first wrong or surplus one on nothing is hashed. */
class Blocks {
  readonly #bytes: number;
  readonly #expected: readonly Uint8Array[];
  readonly #create: () => Sha256;
  #current: Sha256 | undefined;
  #filled = 0;
  #compared = 0;
  #is_same = true;

  constructor({ bytes, hashes }: { readonly bytes: number; readonly hashes: readonly Uint8Array[] }, create: () => Sha256) {
    this.#bytes = bytes;
    this.#expected = hashes;
    this.#create = create;
  }

  readonly add = async (part: Uint8Array): Promise<void> => {
    for (let at = 0; at < part.length && this.#is_same; ) {
      if (this.#compared === this.#expected.length) {
        this.#is_same = false;
        return;
      }
      this.#current ??= this.#create();
      const piece = part.subarray(at, at + this.#bytes - this.#filled);
      await this.#current.update(piece);
      at += piece.length;
      this.#filled += piece.length;
      if (this.#filled === this.#bytes) await this.#close(this.#current);
    }
  };

  /** @returns whether all blocks came, and were the expected ones */
  async end(): Promise<boolean> {
    if (this.#current) await this.#close(this.#current);
    return this.#is_same && this.#compared === this.#expected.length;
  }

  async #close(current: Sha256): Promise<void> {
    this.#is_same = equal(await current.digest(), this.#expected[this.#compared]);
    this.#compared += 1;
    this.#current = undefined;
    this.#filled = 0;
  }
}

/** Bytes in order, whatever the pieces that they come in; each is hashed for the file as a whole. */
class Source {
  /** Bytes that were handed out. */
  at = 0;
  /** Bytes that came. */
  bytes = 0;
  readonly #parts: AsyncIterator<Uint8Array>;
  readonly #whole: Sha256 | undefined;
  #part: Uint8Array = new Uint8Array(0);

  constructor(parts: AsyncIterable<Uint8Array>, whole: Sha256 | undefined) {
    this.#parts = parts[Symbol.asyncIterator]();
    this.#whole = whole;
  }

  /** Fewer at the end of the file. */
  async take(count: number): Promise<Uint8Array> {
    const taken: Uint8Array[] = [];
    await this.pass(count, (part) => taken.push(part.slice()));
    return concat(...taken);
  }

  /** @returns how many bytes there were */
  async pass(count: number, use?: (part: Uint8Array) => unknown): Promise<number> {
    let passed = 0;
    while (passed < count && (this.#part.length > 0 || (await this.#fill()))) {
      const part = this.#part.subarray(0, Math.min(this.#part.length, count - passed));
      this.#part = this.#part.subarray(part.length);
      passed += part.length;
      this.at += part.length;
      await use?.(part);
    }
    return passed;
  }

  /** Lets go of what was not read. */
  async close(): Promise<void> {
    await this.#parts.return?.();
  }

  async #fill(): Promise<boolean> {
    const { done, value } = await this.#parts.next();
    if (done) return false;
    this.#part = value;
    this.bytes += value.length;
    await this.#whole?.update(value);
    return value.length > 0 || this.#fill();
  }
}

async function update(hash: Sha256, ...parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) await hash.update(part);
}

/** Where a box begins is hashed with it, so that none can be moved. */
function offsetBytes(at: number): Uint8Array {
  const bytes = new Uint8Array(8);
  view(bytes).setBigUint64(0, BigInt(at));
  return bytes;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function equal(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return other !== undefined && one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function view({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
