/**
 * Noise by counter, never from a running stream: Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as
 * 1, 2, 3", 2011), keyed by seed, stage and purpose, counting within a chunk and step. So any chunk can be made again
 * alone, and no two chunks, steps or purposes share noise. The 32-bit words are the same everywhere; the normals are
 * the same bit for bit on one Node version, since V8 brings its own log, sin and cos, and elsewhere to float32 rounding.
 */

/** Where in a video's making the noise is used. Values are part of every video: never change one. */
const STAGES = { stream: 0, refine: 1 } as const;
/** What the noise is for. Values are part of every video: never change one. */
const PURPOSES = { initial_latents: 0, blend_offset: 1, step_noise: 2 } as const;

export interface NoiseKey {
  /** Unsigned 32-bit. */
  readonly seed: number;
  readonly stage: keyof typeof STAGES;
  /** Of the chunk; of the latent frame where noise belongs to a frame, whatever chunks it is in. */
  readonly index: number;
  /** Solver step; 0 for noise that is drawn before the first. */
  readonly step: number;
  readonly purpose: keyof typeof PURPOSES;
}

/** `count` standard normals. */
export function drawNormals(key: NoiseKey, count: number): Float32Array {
  const normals = new Float32Array(count);
  for (let block = 0; block * 4 < count; block++) {
    const words = philox4x32([block, key.step, key.index, 0], philoxKey(key));
    normals.set(boxMuller(words).slice(0, count - block * 4), block * 4);
  }
  return normals;
}

/** A whole number from 0 to `bound - 1`, each as likely; 0 where there is no choice. */
export function drawBelow(key: NoiseKey, bound: number): number {
  const [word] = philox4x32([0, key.step, key.index, 0], philoxKey(key));
  return Math.floor((word / 2 ** 32) * bound);
}

function philoxKey({ seed, stage, purpose }: NoiseKey): Key {
  return [seed, STAGES[stage] * 0x10000 + PURPOSES[purpose]];
}

export type Counter = readonly [number, number, number, number];
export type Key = readonly [number, number];

const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** Golden ratio and sqrt(3) - 1, the Weyl steps of the key. */
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** Four unsigned 32-bit words from four words of counter and two of key. */
export function philox4x32(counter: Counter, key: Key): Counter {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high_0 = multiplyHigh(MULTIPLIER_0, c0);
    const high_1 = multiplyHigh(MULTIPLIER_1, c2);
    const low_0 = Math.imul(MULTIPLIER_0, c0);
    const low_1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high_1 ^ c1 ^ k0;
    c2 = high_0 ^ c3 ^ k1;
    c1 = low_1;
    c3 = low_0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** The upper 32 bits of the unsigned 64-bit product, by halves of 16 bits: each partial sum stays below 2 ** 53. */
function multiplyHigh(a: number, b: number): number {
  const a_high = a >>> 16;
  const a_low = a & 0xffff;
  const b_high = b >>> 16;
  const b_low = b & 0xffff;
  const middle = a_high * b_low + ((a_low * b_low) >>> 16);
  const middle_low = (middle % 0x10000) + a_low * b_high;
  return (a_high * b_high + Math.floor(middle / 0x10000) + Math.floor(middle_low / 0x10000)) | 0;
}

/** Two pairs of uniforms in (0, 1), half a step from either end so that the logarithm is finite, to four normals. */
function boxMuller([w0, w1, w2, w3]: Counter): number[] {
  return [...normalPair(w0, w1), ...normalPair(w2, w3)];
}

function normalPair(radius_word: number, angle_word: number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log((radius_word + 0.5) / 2 ** 32));
  const angle = (2 * Math.PI * (angle_word + 0.5)) / 2 ** 32;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}
