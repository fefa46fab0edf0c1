/** Which files a fingerprint is like: each of its hashes against all that share a band with it. */
import { HASHES_MIN } from '@everframe/shared';
import { HASH_BITS, hashWords, wordsDistance } from '@everframe/shared/mark';

export interface Likeness {
  readonly manifest_id: string;
  /** 0 to 100; 100 where every bit agrees. */
  readonly score: number;
}

/** A second of a published file. */
export interface Candidate {
  readonly manifest_id: string;
  readonly second: number;
  readonly hash: string;
}

/**
 * Seconds of the same video differ by 13 bits or less after coding, scaling and cropping as a rule, seconds of others by 29 or more in 99
 * of 100 cases (`npm run bench -- mark`).
 */
const LIKE_BITS = 20;

interface Agreement {
  /** Of each hash asked about, to the nearest second. */
  readonly distances: number[];
  readonly seconds: Set<number>;
}

/** The likest first. @param hashes asked about, each once */
export function matchFingerprint(hashes: readonly string[], candidates: readonly Candidate[]): Likeness[] {
  const asked = hashes.map(hashWords);
  const files = new Map<string, Agreement>();
  for (const { manifest_id, second, hash } of candidates) {
    const file = files.get(manifest_id) ?? { distances: hashes.map(() => HASH_BITS), seconds: new Set() };
    files.set(manifest_id, file);
    const words = hashWords(hash);
    for (const [index, other] of asked.entries()) {
      const distance = wordsDistance(words, other);
      if (distance > LIKE_BITS) continue;
      file.seconds.add(second);
      file.distances[index] = Math.min(file.distances[index] as number, distance);
    }
  }
  return [...files]
    .map(([manifest_id, { distances, seconds }]) => ({ manifest_id, seconds, like: distances.filter((distance) => distance <= LIKE_BITS) }))
    .filter(({ like, seconds }) => like.length >= HASHES_MIN && seconds.size >= HASHES_MIN)
    .map(({ manifest_id, like }) => ({
      manifest_id,
      score: Math.round(100 * (1 - like.reduce((sum, distance) => sum + distance, 0) / (like.length * HASH_BITS))),
    }))
    .sort((one, other) => other.score - one.score || one.manifest_id.localeCompare(other.manifest_id));
}
