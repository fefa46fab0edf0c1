/** A body of unknown length: held while it is small, else handed on as it comes. */
import { EverframeError, VERIFY_MAX_BYTES, VERIFY_STREAM_MAX_BYTES } from '@everframe/shared';

export type FileBody =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** To be read once; leaving it cancels the body. */
  | { readonly kind: 'stream'; readonly parts: AsyncIterable<Uint8Array> };

export interface FileBound {
  readonly max_bytes: number;
  readonly refusal: () => EverframeError;
}

const EDGE_BOUND: FileBound = { max_bytes: VERIFY_STREAM_MAX_BYTES, refusal: tooLarge };

/** @param length as declared; 0 where it is not @throws EverframeError for one that is too large */
export async function openBody(body: ReadableStream<Uint8Array> | null, length: number, bound = EDGE_BOUND): Promise<FileBody> {
  if (length > bound.max_bytes) {
    await body?.cancel();
    throw bound.refusal();
  }
  const reader = body?.getReader();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    bytes += value.byteLength;
    if (bytes > VERIFY_MAX_BYTES) return { kind: 'stream', parts: goOn(parts, reader, bound) };
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return { kind: 'whole', bytes: whole };
}

async function* goOn(
  held: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { max_bytes, refusal }: FileBound,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    // Each is let go of once it was used.
    for (let part = held.shift(); part; part = held.shift()) {
      bytes += part.byteLength;
      yield part;
    }
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
      if (bytes > max_bytes) throw refusal();
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

export function tooLarge(): EverframeError {
  return new EverframeError(
    'body_too_large',
    `A file that is checked here may have at most ${VERIFY_STREAM_MAX_BYTES} bytes as an MP4, as the body or at a URL, and ${VERIFY_MAX_BYTES} otherwise. The page /verify and \`everframe verify\` check larger ones on your own machine.`,
  );
}
