/** Which files a fingerprint is like: each of its hashes against all that share a band with it. */
import { HASH_BITS, hammingDistance } from '@everframe/shared/mark';

export interface Likeness {
  readonly manifest_id: string;
  /** 0 to 100; 100 where every bit agrees. */
  readonly score: number;
}

/**
 * Seconds of the same video differ by 13 bits or less after coding, scaling and cropping as a rule, seconds of others by 29 or more in 99
 * of 100 cases (`npm run bench -- mark`); two must agree, and one where the file asked about has no more.
 */
const LIKE_BITS = 20;
const LIKE_SECONDS = 2;

/** The likest first. @param hashes asked about @param candidates seconds of files that there are */
export function matchFingerprint(hashes: readonly string[], candidates: readonly { manifest_id: string; hash: string }[]): Likeness[] {
  const nearest = new Map<string, number[]>();
  for (const { manifest_id, hash } of candidates) {
    const distances = nearest.get(manifest_id) ?? hashes.map(() => HASH_BITS);
    nearest.set(manifest_id, distances);
    for (const [index, asked] of hashes.entries()) distances[index] = Math.min(distances[index] as number, hammingDistance(asked, hash));
  }
  const needed = Math.min(LIKE_SECONDS, hashes.length);
  return [...nearest]
    .map(([manifest_id, distances]) => ({ manifest_id, like: distances.filter((distance) => distance <= LIKE_BITS) }))
    .filter(({ like }) => like.length >= needed)
    .map(({ manifest_id, like }) => ({
      manifest_id,
      score: Math.round(100 * (1 - like.reduce((sum, distance) => sum + distance, 0) / (like.length * HASH_BITS))),
    }))
    .sort((one, other) => other.score - one.score || one.manifest_id.localeCompare(other.manifest_id));
}
