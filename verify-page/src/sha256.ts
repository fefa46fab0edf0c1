/** SHA-256 (FIPS 180-4) of bytes that come piece by piece, which browsers have no function for: theirs takes all of them at once. */

const CONSTANTS = fractions(64, Math.cbrt);
const START = fractions(8, Math.sqrt);
const BLOCK = 64;
/** Up to this the browser's own function is asked at the end, being several times as fast. */
const HELD_BYTES = 4 * 1024 * 1024;

export interface Sha256 {
  update(bytes: Uint8Array): void;
  digest(): Promise<Uint8Array>;
}

export function createSha256(): Sha256 {
  let held: Uint8Array[] = [];
  let held_bytes = 0;
  let stream: Stream | undefined;
  return {
    update(bytes) {
      if (stream) return stream.update(bytes);
      held.push(bytes.slice());
      held_bytes += bytes.length;
      if (held_bytes <= HELD_BYTES) return;
      stream = new Stream();
      for (const part of held) stream.update(part);
      held = [];
    },
    async digest() {
      if (stream) return stream.digest();
      const all = new Uint8Array(held_bytes);
      let at = 0;
      for (const part of held) {
        all.set(part, at);
        at += part.length;
      }
      return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
    },
  };
}

class Stream {
  readonly #state = Int32Array.from(START);
  readonly #words = new Int32Array(64);
  readonly #rest = new Uint8Array(BLOCK);
  #bytes = 0;

  update(bytes: Uint8Array): void {
    let at = 0;
    const waiting = this.#bytes % BLOCK;
    this.#bytes += bytes.length;
    if (waiting > 0) {
      at = Math.min(BLOCK - waiting, bytes.length);
      this.#rest.set(bytes.subarray(0, at), waiting);
      if (waiting + at < BLOCK) return;
      this.#block(this.#rest, 0);
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) this.#block(bytes, at);
    this.#rest.set(bytes.subarray(at));
  }

  /** Once only. */
  digest(): Uint8Array {
    const bits = this.#bytes * 8;
    const padding = new Uint8Array(BLOCK + 8 - ((this.#bytes + 8) % BLOCK));
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.update(padding);
    const digest = new DataView(new ArrayBuffer(32));
    for (const [index, word] of this.#state.entries()) digest.setInt32(index * 4, word);
    return new Uint8Array(digest.buffer);
  }

  #block(bytes: Uint8Array, start: number): void {
    const words = this.#words;
    const state = this.#state;
    for (let index = 0, at = start; index < 16; index++, at += 4) {
      words[index] =
        ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    }
    for (let index = 16; index < 64; index++) {
      const x = words[index - 15] as number;
      const y = words[index - 2] as number;
      const low = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const high = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      words[index] = ((words[index - 16] as number) + low + (words[index - 7] as number) + high) | 0;
    }
    let a = state[0] as number;
    let b = state[1] as number;
    let c = state[2] as number;
    let d = state[3] as number;
    let e = state[4] as number;
    let f = state[5] as number;
    let g = state[6] as number;
    let h = state[7] as number;
    for (let index = 0; index < 64; index++) {
      const high = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + high + ((e & f) ^ (~e & g)) + (CONSTANTS[index] as number) + (words[index] as number)) | 0;
      const low = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (low + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    state[0] = (state[0] as number) + a;
    state[1] = (state[1] as number) + b;
    state[2] = (state[2] as number) + c;
    state[3] = (state[3] as number) + d;
    state[4] = (state[4] as number) + e;
    state[5] = (state[5] as number) + f;
    state[6] = (state[6] as number) + g;
    state[7] = (state[7] as number) + h;
  }
}

/** The first 32 bits behind the point of a root of each of the first primes. */
function fractions(count: number, root: (value: number) => number): Int32Array {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return Int32Array.from(primes, (prime) => ((root(prime) % 1) * 2 ** 32) | 0);
}
