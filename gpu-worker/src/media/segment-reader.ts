/**
 * Reads back what segmenter.ts wrote: the track of an init segment, and of a media segment everything but the samples
 * themselves, which stay in their file. Bytes may come from storage, so each field is checked.
 */
import type { FileHandle } from 'node:fs/promises';
import { type BoxPlace, boxReader, findBox, readBoxes, readBoxHeader } from './isobmff.ts';
import type { Track } from './movie-box.ts';

/** A media segment's samples, and where they lie in its file. */
export interface SegmentIndex {
  /** Rises by one from segment to segment. */
  readonly sequence_number: number;
  /** In the timescale. */
  readonly decode_time: number;
  readonly frame_duration: number;
  readonly sizes: readonly number[];
  /** Which samples are key frames. */
  readonly keys: readonly number[];
  readonly data_start: number;
  readonly data_end: number;
}

export function readInitSegment(init: Uint8Array): Track {
  const media = findBox(init, ['moov', 'trak', 'mdia']);
  const header = findBox(init, ['mdhd'], media.start, media.end);
  if (boxReader(init, header).u8(0) !== 1) throw new Error("the init segment's 'mdhd' must have version 1, as it is written here");
  const timescale = boxReader(init, header).u32(20);
  const entries = findBox(init, ['minf', 'stbl', 'stsd'], media.start, media.end);
  const [entry] = readBoxes(init, entries.start + 8, entries.end);
  if (entry?.type !== 'avc1') throw new Error(`the init segment's sample entry must be 'avc1'; got '${entry?.type ?? 'none'}'`);
  const fields = boxReader(init, entry);
  const width = fields.u16(24);
  const height = fields.u16(26);
  const configuration = findBox(init, ['avcC'], entry.start + SAMPLE_ENTRY_BYTES, entry.end);
  if (!width || !height || !timescale) throw new Error(`the init segment has ${width}x${height} pixels and timescale ${timescale}`);
  return { width, height, timescale, avc_configuration: init.slice(configuration.start, configuration.end) };
}

/** @throws Error saying what is wrong with the file */
export async function readSegmentIndex(file: FileHandle): Promise<SegmentIndex> {
  const { size } = await file.stat();
  let moof: Uint8Array | undefined;
  let moofAt = 0;
  let data: BoxPlace | undefined;
  let boxes = 0;
  for (let at = 0; at < size; ) {
    if (boxes++ === MAX_BOXES) throw new Error(`it has more than ${MAX_BOXES} boxes`);
    const place = readBoxHeader(await readRange(file, at, Math.min(at + 16, size)), at, size);
    if (place.type === 'moof') {
      if (moof) throw new Error("it has more than one 'moof'");
      if (place.end - place.at > MOOF_MAX_BYTES)
        throw new Error(`its 'moof' has ${place.end - place.at} bytes; at most ${MOOF_MAX_BYTES} are read`);
      moof = await readRange(file, place.at, place.end);
      moofAt = place.at;
    }
    if (place.type === 'mdat') {
      if (data) throw new Error("it has more than one 'mdat'");
      data = place;
    }
    at = place.end;
  }
  if (!moof || !data) throw new Error(`it has no '${moof ? 'mdat' : 'moof'}'`);
  const { data_offset, ...fragment } = readMovieFragment(moof);
  const index = { ...fragment, data_start: data.start, data_end: data.end };
  if (moofAt + data_offset !== data.start) {
    throw new Error(`its samples begin at byte ${moofAt + data_offset}, the content of its 'mdat' at ${data.start}`);
  }
  if (index.sizes.includes(0) || index.frame_duration === 0) throw new Error('it has a sample without bytes or without duration');
  const sampleBytes = index.sizes.reduce((total, bytes) => total + bytes, 0);
  if (sampleBytes !== data.end - data.start) {
    throw new Error(`its samples have ${sampleBytes} bytes, its 'mdat' has ${data.end - data.start}`);
  }
  if (index.keys[0] !== 0) throw new Error('it does not begin with a key frame');
  return index;
}

/** `data_offset` is counted from the start of the fragment. */
function readMovieFragment(moof: Uint8Array): Omit<SegmentIndex, 'data_start' | 'data_end'> & { data_offset: number } {
  const field = (...path: string[]) => boxReader(moof, findBox(moof, ['moof', ...path]));
  const header = field('traf', 'tfhd');
  const time = field('traf', 'tfdt');
  const run = field('traf', 'trun');
  const layout = [header.u32(0), time.u32(0), run.u32(0)];
  if (layout.join() !== WRITTEN_LAYOUT.join()) {
    throw new Error(`its 'tfhd', 'tfdt' and 'trun' have versions and flags ${layout}; only ${WRITTEN_LAYOUT} are written here`);
  }
  const sizes: number[] = [];
  const keys: number[] = [];
  const count = run.u32(4);
  for (let sample = 0; sample < count; sample++) {
    sizes.push(run.u32(12 + sample * 8));
    if (!(run.u32(16 + sample * 8) & NON_SYNC_SAMPLE)) keys.push(sample);
  }
  return {
    sequence_number: field('mfhd').u32(4),
    decode_time: time.u64(4),
    frame_duration: header.u32(8),
    data_offset: run.u32(8),
    sizes,
    keys,
  };
}

async function readRange(file: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
  if (bytesRead !== bytes.length) throw new Error(`it ends at byte ${start + bytesRead}, inside a box`);
  return bytes;
}

/** Bytes of a VisualSampleEntry before the boxes in it. */
const SAMPLE_ENTRY_BYTES = 78;
/** A segment has three. */
const MAX_BOXES = 16;
/** A million frames would fit: far above any segment, far below what could exhaust memory. */
const MOOF_MAX_BYTES = 8 * 1024 * 1024;
const NON_SYNC_SAMPLE = 0x00010000;
/** Version and flags of tfhd, tfdt and trun as segmenter.ts writes them. */
const WRITTEN_LAYOUT = [0x00020008, 0x01000000, 0x00000601];
