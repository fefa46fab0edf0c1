/**
 * An encoded chunk becomes what is delivered: a CMAF init segment, the same for every chunk of a video, and a media
 * segment that begins with a key frame and says by itself where it belongs (ISO/IEC 14496-12 section 8.8, 23000-19).
 */
import type { EncodedChunk } from './encoder.ts';
import { ascii, box, concat, fullBox, type Part, u32, u64 } from './isobmff.ts';
import { avcConfiguration, movieBox } from './movie-box.ts';

/** Units of the timescale that a frame lasts; the timescale is this times the frames a second. */
export const FRAME_DURATION = 1000;

export interface SegmentPlace {
  readonly width: number;
  readonly height: number;
  /** Frames a second; a whole number. */
  readonly fps: number;
  readonly chunk_index: number;
  /** How many frames of the video lie before this chunk. */
  readonly first_frame: number;
}

/** Of the chunk's segment, in the whole video. */
export function sequenceNumber(chunk_index: number): number {
  return chunk_index + 1;
}

export function makeSegment(encoded: EncodedChunk, place: SegmentPlace): { init: Uint8Array; media: Uint8Array } {
  if (!encoded.samples[0]?.key) throw new Error(`chunk ${place.chunk_index} must begin with a key frame`);
  return { init: initSegment(encoded, place), media: mediaSegment(encoded.samples, place) };
}

function initSegment({ sps, pps }: EncodedChunk, { width, height, fps }: SegmentPlace): Uint8Array {
  const track = { width, height, timescale: fps * FRAME_DURATION, avc_configuration: concat(avcConfiguration(sps, pps)) };
  const noSamples = [
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0), u32(0)),
    fullBox('stco', 0, 0, u32(0)),
  ];
  // Section 8.8.3
  const trackExtends = fullBox(
    'trex',
    0,
    0,
    u32(1), // track_ID
    u32(1), // default_sample_description_index
    u32(0), // default_sample_duration
    u32(0), // default_sample_size
    u32(0), // default_sample_flags
  );
  return concat([
    box('ftyp', ascii('iso6'), u32(0), ascii('iso6cmfcmp41')), // major_brand, minor_version, compatible_brands
    movieBox(track, 0, noSamples, [box('mvex', trackExtends)]),
  ]);
}

function mediaSegment(samples: EncodedChunk['samples'], { chunk_index, first_frame }: SegmentPlace): Uint8Array {
  const draft = movieFragment(samples, chunk_index, first_frame, 0);
  const moof = movieFragment(samples, chunk_index, first_frame, draft.length + MDAT_HEADER_BYTES);
  return concat([
    box('styp', ascii('msdh'), u32(0), ascii('msdhcmfs')), // major_brand, minor_version, compatible_brands
    moof,
    box('mdat', ...samples.map(({ bytes }) => bytes)),
  ]);
}

/** Sections 8.8.5 to 8.8.8 and 8.8.12. @param dataOffset from the start of this box to the first sample */
function movieFragment(samples: EncodedChunk['samples'], chunk_index: number, first_frame: number, dataOffset: number): Uint8Array {
  const rows: Part[] = samples.flatMap(({ bytes, key }) => [
    u32(bytes.length), // sample_size
    u32(key ? KEY_SAMPLE : DEPENDENT_SAMPLE), // sample_flags
  ]);
  const trackFragmentHeader = fullBox(
    'tfhd',
    0,
    0x020008, // default-base-is-moof, default-sample-duration-present
    u32(1), // track_ID
    u32(FRAME_DURATION), // default_sample_duration
  );
  const decodeTime = fullBox('tfdt', 1, 0, u64(first_frame * FRAME_DURATION)); // baseMediaDecodeTime
  const run = fullBox(
    'trun',
    0,
    0x000601, // data-offset, sample-size and sample-flags present
    u32(samples.length), // sample_count
    u32(dataOffset), // data_offset
    ...rows,
  );
  return box(
    'moof',
    fullBox('mfhd', 0, 0, u32(sequenceNumber(chunk_index))), // sequence_number
    box('traf', trackFragmentHeader, decodeTime, run),
  );
}

const MDAT_HEADER_BYTES = 8;
/** Section 8.8.3.1: sample_depends_on 2, "no other sample". */
const KEY_SAMPLE = 0x02000000;
/** sample_depends_on 1; the bit that the segment reader asks for: sample_is_non_sync_sample. */
const DEPENDENT_SAMPLE = 0x01010000;
