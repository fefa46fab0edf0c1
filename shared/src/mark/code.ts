/**
 * An identifier as signs that survive a noisy channel, and back: CRC-16, then a convolutional code of rate 1/4 and constraint
 * length 9, decoded with soft decisions (Viterbi). The polynomials are those of the largest free distance, 24 (Lin and
 * Costello, Error Control Coding, table 12.1).
 */
import { CODED_BITS, CRC_BITS, ID_BITS, TAIL_BITS } from './layout.ts';

const POLYNOMIALS = [0o463, 0o535, 0o733, 0o745];
const STATES = 256;

/** @param id twelve lower-case hex digits  @returns 1 or -1 for each coded bit */
export function encodeId(id: string): Int8Array {
  const bits = withChecksum(id);
  const signs = new Int8Array(CODED_BITS);
  let register = 0;
  for (let step = 0; step < bits.length + TAIL_BITS; step++) {
    register = ((register << 1) | (bits[step] ?? 0)) & 0x1ff;
    for (const [index, polynomial] of POLYNOMIALS.entries()) signs[step * 4 + index] = parity(register & polynomial) ? -1 : 1;
  }
  return signs;
}

/**
 * @param soft for each coded bit how sure it is to be 1 (positive) or -1, in any unit
 * @returns the identifier, or undefined where no checksum agrees
 */
export function decodeId(soft: Float32Array): string | undefined {
  const bits = viterbi(soft);
  const id = toHex(bits.subarray(0, ID_BITS));
  const expected = withChecksum(id);
  return bits.subarray(0, ID_BITS + CRC_BITS).every((bit, index) => bit === expected[index]) ? id : undefined;
}

function viterbi(soft: Float32Array): Uint8Array {
  const steps = CODED_BITS / 4;
  const sent = trellis();
  let metrics = new Float64Array(STATES).fill(Number.NEGATIVE_INFINITY);
  metrics[0] = 0;
  let next = new Float64Array(STATES);
  const came_from = new Uint8Array(steps * STATES);
  const gains = new Float64Array(16);
  for (let step = 0; step < steps; step++) {
    for (let pattern = 0; pattern < 16; pattern++) {
      let gain = 0;
      for (let index = 0; index < 4; index++) {
        const value = soft[step * 4 + index] as number;
        gain += pattern & (1 << index) ? -value : value;
      }
      gains[pattern] = gain;
    }
    for (let to = 0; to < STATES; to++) {
      const older = to | STATES;
      const newest = (metrics[to >> 1] as number) + (gains[sent[to] as number] as number);
      const oldest = (metrics[older >> 1] as number) + (gains[sent[older] as number] as number);
      next[to] = oldest > newest ? oldest : newest;
      if (oldest > newest) came_from[step * STATES + to] = 1;
    }
    [metrics, next] = [next, metrics];
  }
  const bits = new Uint8Array(steps);
  for (let step = steps - 1, state = 0; step >= 0; step--) {
    bits[step] = state & 1;
    state = (((came_from[step * STATES + state] as number) << 8) | state) >> 1;
  }
  return bits;
}

let known: Uint8Array | undefined;

/** For each register of nine bits, which of its four signs are -1: a bit for each. */
function trellis(): Uint8Array {
  known ??= Uint8Array.from({ length: STATES * 2 }, (_, register) =>
    POLYNOMIALS.reduce((pattern, polynomial, index) => pattern | (parity(register & polynomial) << index), 0),
  );
  return known;
}

function withChecksum(id: string): Uint8Array {
  if (!isMarkId(id)) throw new RangeError(`a mark's identifier has ${ID_BITS / 4} lower-case hex digits; got '${id}'`);
  const bits = new Uint8Array(ID_BITS + CRC_BITS);
  let crc = 0xffff;
  for (let index = 0; index < ID_BITS; index++) {
    const bit = (Number.parseInt(id[index >> 2] as string, 16) >> (3 - (index & 3))) & 1;
    bits[index] = bit;
    // CRC-16/CCITT, polynomial 0x1021
    crc = ((crc << 1) ^ (((crc >> 15) ^ bit) & 1 ? 0x1021 : 0)) & 0xffff;
  }
  for (let index = 0; index < CRC_BITS; index++) bits[ID_BITS + index] = (crc >> (15 - index)) & 1;
  return bits;
}

export function isMarkId(text: string): boolean {
  return /^[0-9a-f]{12}$/.test(text);
}

function toHex(bits: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bits.length; at += 4) {
    text += (
      ((bits[at] as number) << 3) |
      ((bits[at + 1] as number) << 2) |
      ((bits[at + 2] as number) << 1) |
      (bits[at + 3] as number)
    ).toString(16);
  }
  return text;
}

function parity(value: number): number {
  let odd = 0;
  for (let rest = value; rest; rest &= rest - 1) odd ^= 1;
  return odd;
}
