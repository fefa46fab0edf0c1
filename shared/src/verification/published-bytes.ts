/**
 * Whether a file is byte for byte the one that was published under its manifest. A signature leaves some bytes out (the brands in `ftyp`,
 * `free` and `skip` boxes, its own padding), so a file whose credential holds can still have been touched there.
 */

/** `same`: as published. `other`: bytes that no signature covers differ. `unknown`: nothing is recorded under this manifest. */
export type PublishedBytes = 'same' | 'other' | 'unknown';

interface Bytes {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** @param published what is recorded under the file's manifest: its file may have been published again with a time-stamp */
export function comparePublished(published: readonly Bytes[], file: Bytes): PublishedBytes {
  if (published.length === 0) return 'unknown';
  return published.some(({ sha256, bytes }) => sha256 === file.sha256 && bytes === file.bytes) ? 'same' : 'other';
}

/** One sentence; undefined where there is nothing to say. */
export function publishedText(state: PublishedBytes, published: readonly Bytes[], file: Bytes): string | undefined {
  if (state === 'unknown') return undefined;
  if (state === 'same') return 'Byte for byte as it was published.';
  const more = file.bytes - (published.at(-1)?.bytes ?? file.bytes);
  const size = more === 0 ? '' : ` It has ${Math.abs(more)} bytes ${more > 0 ? 'more' : 'less'}.`;
  return `Not byte for byte as it was published: bytes that no signature covers were changed (brands, free space or padding; never picture, sound or claims).${size}`;
}
