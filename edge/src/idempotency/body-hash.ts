/**
 * HMAC-SHA-256 of what a request asks for: the store could not be searched for a prompt. Over the parsed fields, never
 * the raw body: the boundary of a multipart body is another at every try. A number and its text are the same, as they
 * are to the route.
 */
import { type CreateVideoRequest, hmacHex, sha256Hex } from '@everframe/shared';

export async function hashRequest(secret: string, request: CreateVideoRequest): Promise<string> {
  return hmacHex(secret, `request\n${await canonical(request)}`);
}

/** JSON with sorted names; numbers and truth values as text, a file by type and digest. */
async function canonical(value: unknown): Promise<string> {
  if (value instanceof Blob) {
    return JSON.stringify({ file: value.type, sha256: await sha256Hex(await value.arrayBuffer()) });
  }
  if (Array.isArray(value)) return `[${(await Promise.all(value.map(canonical))).join()}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    const members = await Promise.all(entries.map(async ([name, member]) => `${JSON.stringify(name)}:${await canonical(member)}`));
    return `{${members.join()}}`;
  }
  return value === null ? 'null' : JSON.stringify(String(value));
}
