/**
 * What lets a client that can send no headers watch one video, or download it: `<Unix seconds>.<half of an HMAC-SHA-256>`
 * under KEY_PEPPER. It stands in the address of the stream, its segments and events, or of the file; opens nothing else; and ends at its time.
 */
import { hmacHex } from '@everframe/shared';
import { equalSecrets } from '../http/credential.ts';

const TOKEN = /^(\d{1,12})\.[0-9a-f]{32}$/;

/** What a token opens. */
export type Opened = 'stream' | 'file';

export async function signStreamToken(pepper: string, video_id: string, expires_at: number, opened: Opened = 'stream'): Promise<string> {
  // The label keeps this use of the pepper apart from the API keys' hashes.
  const mac = await hmacHex(pepper, `${opened} of ${video_id} until ${expires_at}`);
  return `${expires_at}.${mac.slice(0, 32)}`;
}

/** @returns `unknown` where the text was not made here for this video */
export async function checkStreamToken(
  pepper: string,
  video_id: string,
  text: string,
  now_ms: number,
  opened: Opened = 'stream',
): Promise<'good' | 'expired' | 'unknown'> {
  const [, expires_at] = TOKEN.exec(text) ?? [];
  if (expires_at === undefined) return 'unknown';
  if (!(await equalSecrets(text, await signStreamToken(pepper, video_id, Number(expires_at), opened)))) return 'unknown';
  return Number(expires_at) * 1000 > now_ms ? 'good' : 'expired';
}
