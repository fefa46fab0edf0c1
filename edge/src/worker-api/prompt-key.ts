/**
 * The key under which a video's manifest hashes its prompt: HMAC-SHA-256 of the video's id under KEY_PEPPER, so that it
 * can be derived again when the owner wants to prove the prompt, and nobody else can try prompts against the hash.
 */
import { hmacHex } from '@everframe/shared';

/** @returns 32 bytes in lower-case hex */
export function promptKey(pepper: string, video_id: string): Promise<string> {
  // The label keeps this use of the pepper apart from the API keys' hashes.
  return hmacHex(pepper, `prompt key of ${video_id}`);
}
