/**
 * What a request says about being a repetition: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header, section
 * 2.1), or the retry count that OpenAI's clients send, which name no key of their own.
 */
import { EverframeError, IDEMPOTENCY_KEY_MAX_CHARACTERS } from '@everframe/shared';

export type Repetition =
  | { readonly kind: 'key'; readonly key: string }
  /** `retry`: the client has sent this request before and got no answer that it could use. */
  | { readonly kind: 'sdk'; readonly retry: boolean }
  | { readonly kind: 'none' };

const HEADER = 'idempotency-key';

export function readRepetition(headers: Headers): Repetition {
  const key = headers.get(HEADER);
  if (key !== null) return { kind: 'key', key: parseKey(key.trim()) };
  const count = headers.get('x-stainless-retry-count');
  return count !== null && /^\d{1,3}$/.test(count) ? { kind: 'sdk', retry: Number(count) > 0 } : { kind: 'none' };
}

/** A structured-field string; most clients leave the quotes out, so the bare text is the same key. */
function parseKey(value: string): string {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(value);
  const key = quoted ? (quoted[1] ?? '').replace(/\\(["\\])/g, '$1') : value;
  const malformed = quoted ? !/^[\x20-\x7e]+$/.test(key) : !/^[\x21\x23-\x7e]+$/.test(key);
  if (!malformed && key.length <= IDEMPOTENCY_KEY_MAX_CHARACTERS) return key;
  throw new EverframeError(
    'invalid_value',
    `'${HEADER}' must be one string of 1 to ${IDEMPOTENCY_KEY_MAX_CHARACTERS} visible ASCII characters, such as a UUID; ` +
      `got ${value.length} characters.`,
    { param: HEADER },
  );
}
