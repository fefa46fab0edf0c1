/**
 * From segments to the file that is signed and published: the samples as they are, behind one index that comes first,
 * so that players can start before they have all of it. Two passes over the segments: index, then copy.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { ascii, box, concat, fullBox, type Part, u32, u32Array, u64, u64Array } from './isobmff.ts';
import { movieBox, type Track } from './movie-box.ts';
import { readInitSegment, readSegmentIndex, type SegmentIndex } from './segment-reader.ts';

/**
 * Joins the segments of one video, all of them and in order. Memory grows with the number of frames (their sizes),
 * not with their bytes.
 * @param init the init segment they share
 * @param outPath written anew; removed again when joining fails
 * @throws Error naming the segment that is malformed or out of place
 */
export async function joinSegments(
  init: Uint8Array,
  segmentPaths: readonly string[],
  outPath: string,
): Promise<{ frames: number; bytes: number }> {
  const track = readInitSegment(init);
  const index = emptyIndex();
  for (const path of segmentPaths) await readSegment(path, (_, segment) => addSegment(index, segment));
  if (index.sizes.length === 0) throw new Error('a video must have at least one segment to be joined');

  const header = finalFileHeader(track, index);
  const out = await open(outPath, 'w');
  try {
    await out.writeFile(header);
    for (const path of segmentPaths) await readSegment(path, (file, segment) => copySamples(file, segment, out));
    const { size } = await out.stat();
    const bytes = header.length + index.data_bytes.reduce((total, length) => total + length, 0);
    if (size !== bytes) throw new Error(`the joined file must have ${bytes} bytes; it has ${size}: segments changed meanwhile`);
    return { frames: index.sizes.length, bytes };
  } catch (error) {
    await rm(outPath, { force: true });
    throw error;
  } finally {
    await out.close();
  }
}

/** What the final file's sample tables are made of. */
export interface FinalIndex {
  /** Bytes of each sample. */
  readonly sizes: number[];
  /** Numbers of the key frames, from 1. */
  readonly keys: number[];
  /** For each segment, which is a chunk of the file: samples and bytes. */
  readonly sample_counts: number[];
  readonly data_bytes: number[];
  frame_duration: number;
  sequence_number: number;
}

export function emptyIndex(): FinalIndex {
  return { sizes: [], keys: [], sample_counts: [], data_bytes: [], frame_duration: 0, sequence_number: 0 };
}

/** Appends a segment, which must follow the one before it without a gap. */
export function addSegment(index: FinalIndex, segment: SegmentIndex): void {
  const frames = index.sizes.length;
  index.frame_duration ||= segment.frame_duration;
  const expected = { number: index.sequence_number + 1, time: frames * index.frame_duration };
  if (segment.sequence_number !== expected.number || segment.decode_time !== expected.time) {
    throw new Error(
      `it must be number ${expected.number} at time ${expected.time}; it is ${segment.sequence_number} at ${segment.decode_time}`,
    );
  }
  if (segment.frame_duration !== index.frame_duration) {
    throw new Error(`its frames must last ${index.frame_duration}; they last ${segment.frame_duration}`);
  }
  index.sequence_number = segment.sequence_number;
  for (const key of segment.keys) index.keys.push(frames + key + 1);
  for (const size of segment.sizes) index.sizes.push(size);
  index.sample_counts.push(segment.sizes.length);
  index.data_bytes.push(segment.data_end - segment.data_start);
}

/** Everything before the samples: `ftyp`, `moov` and the header of `mdat`. */
export function finalFileHeader(track: Track, index: FinalIndex): Uint8Array {
  const fileType = box('ftyp', ascii('isom'), u32(0x200), ascii('isomiso2avc1mp41')); // major_brand, minor_version, compatible_brands
  const dataBytes = index.data_bytes.reduce((total, length) => total + length, 0);
  const large = dataBytes > LARGE_BYTES;
  // Section 4.2: a size of 1 says that the real one follows the type.
  const mediaHeader = large ? concat([u32(1), ascii('mdat'), u64(dataBytes + 16)]) : concat([u32(dataBytes + 8), ascii('mdat')]);
  const movie = (dataStart: number) =>
    movieBox(track, index.sizes.length * index.frame_duration, sampleTables(index, dataStart, large), []);
  const dataStart = fileType.length + movie(0).length + mediaHeader.length;
  return concat([fileType, movie(dataStart), mediaHeader]);
}

/** Sections 8.6.1.2, 8.6.2, 8.7.4, 8.7.3.2 and 8.7.5. */
function sampleTables(index: FinalIndex, dataStart: number, large: boolean): Part[] {
  const { sizes, keys, sample_counts, frame_duration } = index;
  const offsets = chunkOffsets(index, dataStart);
  const runs = sample_counts.flatMap((count, chunk) => (count === sample_counts[chunk - 1] ? [] : [[chunk + 1, count, 1]]));
  return [
    fullBox('stts', 0, 0, u32(1), u32(sizes.length), u32(frame_duration)), // entry_count, sample_count, sample_delta
    fullBox('stss', 0, 0, u32(keys.length), u32Array(keys)), // entry_count, sample_number
    fullBox('stsc', 0, 0, u32(runs.length), u32Array(runs.flat())), // entry_count; first_chunk, samples_per_chunk, description
    fullBox('stsz', 0, 0, u32(0), u32(sizes.length), u32Array(sizes)), // sample_size, sample_count, entry_size
    large
      ? fullBox('co64', 0, 0, u32(offsets.length), u64Array(offsets)) // entry_count, chunk_offset
      : fullBox('stco', 0, 0, u32(offsets.length), u32Array(offsets)),
  ];
}

function chunkOffsets({ data_bytes }: FinalIndex, dataStart: number): number[] {
  let at = dataStart;
  return data_bytes.map((bytes) => {
    const offset = at;
    at += bytes;
    return offset;
  });
}

async function copySamples(file: FileHandle, { data_start, data_end }: SegmentIndex, out: FileHandle): Promise<void> {
  if (data_start === data_end) return;
  const source = file.createReadStream({ start: data_start, end: data_end - 1, autoClose: false });
  await pipeline(source, async (pieces) => {
    for await (const piece of pieces) await out.writeFile(piece as Uint8Array);
  });
}

async function readSegment(path: string, use: (file: FileHandle, segment: SegmentIndex) => void | Promise<void>): Promise<void> {
  const file = await open(path);
  try {
    await use(file, await readSegmentIndex(file));
  } catch (cause) {
    throw new Error(`${path} can't be joined: ${cause instanceof Error ? cause.message : cause}`, { cause });
  } finally {
    await file.close();
  }
}

/** Above this many bytes of samples, offsets and sizes take 64 bits; the rest up to 2^32 is left for the index and a manifest. */
const LARGE_BYTES = 0xf0000000;
