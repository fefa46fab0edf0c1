/**
 * What lets a player that can send no headers watch one video: `<Unix seconds>.<half of an HMAC-SHA-256>` under KEY_PEPPER.
 * It stands in the stream's address and in those of its segments, opens nothing else, and ends at its time.
 */
import { hmacHex } from '@everframe/shared';
import { equalSecrets } from '../http/credential.ts';

const TOKEN = /^(\d{1,12})\.[0-9a-f]{32}$/;

export async function signStreamToken(pepper: string, video_id: string, expires_at: number): Promise<string> {
  // The label keeps this use of the pepper apart from the API keys' hashes.
  const mac = await hmacHex(pepper, `stream of ${video_id} until ${expires_at}`);
  return `${expires_at}.${mac.slice(0, 32)}`;
}

/** @returns `unknown` where the text was not made here for this video */
export async function checkStreamToken(
  pepper: string,
  video_id: string,
  text: string,
  now_ms: number,
): Promise<'good' | 'expired' | 'unknown'> {
  const [, expires_at] = TOKEN.exec(text) ?? [];
  if (expires_at === undefined) return 'unknown';
  if (!(await equalSecrets(text, await signStreamToken(pepper, video_id, Number(expires_at))))) return 'unknown';
  return Number(expires_at) * 1000 > now_ms ? 'good' : 'expired';
}
