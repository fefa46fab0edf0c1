/**
 * The key under which a video's manifest hashes its prompt: HMAC-SHA-256 of the video's id under KEY_PEPPER, so that it
 * can be derived again when the owner wants to prove the prompt, and nobody else can try prompts against the hash.
 */

/** @returns 32 bytes in lower-case hex */
export async function promptKey(pepper: string, video_id: string): Promise<string> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey('raw', encoder.encode(pepper), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  // The label keeps this use of the pepper apart from the API keys' hashes.
  const digest = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(`prompt key of ${video_id}`)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
