/**
 * API keys: `ef_live_` + 8 characters of id + 32 of secret + 6 of checksum, base62, one word under a double click.
 * The checksum turns a typing error away without a look-up; the store keeps an HMAC of the key, never the key.
 */
import { hmacHex } from './hmac.ts';

const PREFIX = 'ef_live_';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 8;
const SECRET_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const SHAPE = new RegExp(`^${PREFIX}[0-9A-Za-z]{${ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH}}$`);

export interface ApiKey {
  /** Public part, the look-up key. */
  readonly id: string;
  /** The whole key as the client sends it. Shown once. */
  readonly text: string;
}

/** A new key from the platform's secure randomness: 238 bits. */
export function createApiKey(): ApiKey {
  const body = PREFIX + randomBase62(ID_LENGTH + SECRET_LENGTH);
  return { id: idOf(body), text: body + checksum(body) };
}

/** The key that a client sent, or undefined where its shape or checksum is wrong. */
export function parseApiKey(text: string): ApiKey | undefined {
  if (!SHAPE.test(text)) return undefined;
  const body = text.slice(0, -CHECKSUM_LENGTH);
  return text.endsWith(checksum(body)) ? { id: idOf(body), text } : undefined;
}

/**
 * What the store keeps of a key: HMAC-SHA-256 in lower-case hex.
 * A fast hash is enough, since the key has more entropy than any dictionary.
 * @param pepper secret of the deployment, so that a copy of the database alone proves no key
 */
export function hashApiKey(pepper: string, key: ApiKey): Promise<string> {
  return hmacHex(pepper, key.text);
}

function idOf(body: string): string {
  return body.slice(PREFIX.length, PREFIX.length + ID_LENGTH);
}

function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      // 248 = 4 * 62: larger bytes would favour the first digits.
      if (byte < 248 && text.length < length) text += DIGITS[byte % 62];
    }
  }
  return text;
}

/** CRC-32 (ISO 3309) as six base62 digits. */
function checksum(body: string): string {
  let crc = 0xffffffff;
  for (let i = 0; i < body.length; i++) {
    crc ^= body.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  let value = (crc ^ 0xffffffff) >>> 0;
  let text = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    text = DIGITS.charAt(value % 62) + text;
    value = Math.floor(value / 62);
  }
  return text;
}
