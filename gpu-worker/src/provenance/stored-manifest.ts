/**
 * A file's manifest store as one run of bytes, wherever it lies: in a box of an MP4, or in as many APP11 segments of a JPEG as it needs
 * (at most 64 KiB each). What is written into it goes back to its places; the file keeps its length.
 */
import type { FileHandle } from 'node:fs/promises';
import { jpegSegments } from '@everframe/shared';
import type { SignedMimeType } from './assertions.ts';
import { topLevelBoxes } from './top-level-boxes.ts';

export interface StoredManifest {
  readonly bytes: Buffer;
  /** @param at offset in `bytes` */
  write(content: Uint8Array, at: number): Promise<void>;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** @throws Error where the file has none, or a larger one than we make */
export async function openManifest(file: FileHandle, mime_type: SignedMimeType): Promise<StoredManifest> {
  const ranges = mime_type === 'video/mp4' ? [await findManifestBox(file)] : await findSegments(file);
  requireSize(ranges.reduce((sum, { start, end }) => sum + end - start, 0));
  const bytes = Buffer.concat(await Promise.all(ranges.map((range) => readRange(file, range))));
  return { bytes, write: (content, at) => writeRanges(file, ranges, content, at) };
}

async function writeRanges(file: FileHandle, ranges: readonly Range[], content: Uint8Array, at: number): Promise<void> {
  let begin = -at;
  for (const { start, end } of ranges) {
    const part = content.subarray(Math.max(0, begin), Math.max(0, begin + end - start));
    if (part.length > 0) await file.write(part, 0, part.length, start + Math.max(0, -begin));
    begin += end - start;
  }
}

/** Of an MP4: the top-level `uuid` box with C2PA's identifier. */
async function findManifestBox(file: FileHandle): Promise<Range> {
  for await (const { type, start, end } of topLevelBoxes(file)) {
    const is_uuid = type === 'uuid' && end - start > 24;
    if (is_uuid && (await readRange(file, { start: start + 8, end: start + 24 })).equals(C2PA_UUID)) return { start, end };
  }
  throw new Error('the file holds no C2PA manifest');
}

/** Of a JPEG (ISO 19566-5, annex D): identifier, instance and sequence number, then the box, whose head each later segment repeats. */
async function findSegments(file: FileHandle): Promise<Range[]> {
  const { size } = await file.stat();
  requireSize(size);
  const bytes = await readRange(file, { start: 0, end: size });
  const ranges: Range[] = [];
  for (const { marker, content } of jpegSegments(bytes)) {
    if (marker !== APP11 || content[0] !== 0x4a || content[1] !== 0x50) continue;
    const start = content.byteOffset - bytes.byteOffset;
    ranges.push({ start: start + (ranges.length === 0 ? 8 : 16), end: start + content.length });
  }
  if (ranges.length === 0) throw new Error('the file holds no C2PA manifest');
  return ranges;
}

function requireSize(bytes: number): void {
  if (bytes > MANIFEST_MAX_BYTES) throw new Error(`a manifest of more than ${MANIFEST_MAX_BYTES} bytes is not ours`);
}

async function readRange(file: FileHandle, { start, end }: Range): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
  if (bytesRead !== end - start) throw new Error(`the file ends before ${end}`);
  return buffer;
}

const C2PA_UUID = Buffer.from('d8fec3d61b0e483c92975828877ec481', 'hex');
const APP11 = 0xeb;
const MANIFEST_MAX_BYTES = 32 * 1024 * 1024;
