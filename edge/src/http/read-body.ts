/** Request bodies under a bound, and JSON objects out of them. A body that is too large is never held whole. */
import { EverframeError } from '@everframe/shared';

export async function readBody(request: Request, max_bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(request.headers.get('content-length') ?? Number.NaN);
  if (announced > max_bytes) throw bodyTooLarge(max_bytes);
  // HTTP lets no body be longer than it was announced, and in one piece it comes faster.
  if (Number.isSafeInteger(announced)) return new Uint8Array(await request.arrayBuffer());
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request.body ?? []) {
    bytes += part.byteLength;
    // Leaving the loop cancels the stream.
    if (bytes > max_bytes) throw bodyTooLarge(max_bytes);
    parts.push(part);
  }
  const body = new Uint8Array(bytes);
  let offset = 0;
  for (const part of parts) {
    body.set(part, offset);
    offset += part.byteLength;
  }
  return body;
}

export function parseJsonObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  if (body.length === 0) throw new EverframeError('invalid_json', 'The body is empty; it must be a JSON object.');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body));
  } catch (cause) {
    throw new EverframeError('invalid_json', 'The body is not well-formed JSON in UTF-8.', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EverframeError('invalid_json', 'The body must be a JSON object.');
  }
  return value as Readonly<Record<string, unknown>>;
}

function bodyTooLarge(max_bytes: number): EverframeError {
  return new EverframeError('body_too_large', `The body may have at most ${max_bytes} bytes.`);
}
