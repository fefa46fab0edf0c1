/**
 * What a video's frames carry: 48 bits of HMAC-SHA-256 of its id under KEY_PEPPER. The same at every claim, so that a video made again
 * from its last commit has the same bytes; and nobody can tell from a mark whose video it is.
 */
import { hmacHex } from '@everframe/shared';

/** @returns 12 lower-case hex digits */
export async function markOf(pepper: string, video_id: string): Promise<string> {
  // The label keeps this use of the pepper apart from the others.
  return (await hmacHex(pepper, `mark of ${video_id}`)).slice(0, 12);
}
