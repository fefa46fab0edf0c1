/**
 * The movie box of one H.264 track, as it stands in an init segment (no samples, `mvex`) and in a final file (all of
 * them in `stbl`). One track with id 1; movie and track share a timescale; no times of making, so bytes are stable.
 */
import { ascii, box, fullBox, type Part, u8, u16, u32, u64, zeros } from './isobmff.ts';

export interface Track {
  readonly width: number;
  readonly height: number;
  /** Units a second. */
  readonly timescale: number;
  /** Content of the `avcC` box. */
  readonly avc_configuration: Uint8Array;
}

/**
 * @param duration in the timescale; 0 in an init segment
 * @param sampleTables content of `stbl` after `stsd`
 * @param extensions what follows the track: `mvex` in an init segment
 */
export function movieBox(track: Track, duration: number, sampleTables: Part[], extensions: Part[]): Uint8Array {
  return box('moov', movieHeader(track, duration), trackBox(track, duration, sampleTables), ...extensions);
}

/** Section 8.2.2 */
function movieHeader({ timescale }: Track, duration: number): Uint8Array {
  return fullBox(
    'mvhd',
    1,
    0,
    u64(0), // creation_time
    u64(0), // modification_time
    u32(timescale), // timescale
    u64(duration), // duration
    u32(0x00010000), // rate, 1.0
    u16(0x0100), // volume, 1.0
    zeros(10), // reserved
    UNITY_MATRIX, // matrix
    zeros(24), // pre_defined
    u32(2), // next_track_ID
  );
}

function trackBox(track: Track, duration: number, sampleTables: Part[]): Uint8Array {
  const { width, height, timescale } = track;
  // Section 8.3.2; the flags say enabled and used in the presentation.
  const header = fullBox(
    'tkhd',
    1,
    0x000003,
    u64(0), // creation_time
    u64(0), // modification_time
    u32(1), // track_ID
    u32(0), // reserved
    u64(duration), // duration
    zeros(8), // reserved
    u16(0), // layer
    u16(0), // alternate_group
    u16(0), // volume
    zeros(2), // reserved
    UNITY_MATRIX, // matrix
    u32(width * 65_536), // width, 16.16
    u32(height * 65_536), // height, 16.16
  );
  // Section 8.4.2
  const mediaHeader = fullBox(
    'mdhd',
    1,
    0,
    u64(0), // creation_time
    u64(0), // modification_time
    u32(timescale), // timescale
    u64(duration), // duration
    u16(0x55c4), // language, 'und'
    u16(0), // pre_defined
  );
  // Section 8.4.3
  const handler = fullBox(
    'hdlr',
    0,
    0,
    u32(0), // pre_defined
    ascii('vide'), // handler_type
    zeros(12), // reserved
    ascii('Everframe video\0'), // name
  );
  const sampleTable = box('stbl', fullBox('stsd', 0, 0, u32(1), sampleEntry(track)), ...sampleTables);
  const media = box('minf', VIDEO_MEDIA_HEADER, SELF_CONTAINED, sampleTable);
  return box('trak', header, box('mdia', mediaHeader, handler, media));
}

/** VisualSampleEntry (section 12.1.3) with the AVC configuration (ISO/IEC 14496-15), colour and pixel shape. */
function sampleEntry({ width, height, avc_configuration }: Track): Uint8Array {
  return box(
    'avc1',
    zeros(6), // reserved
    u16(1), // data_reference_index
    zeros(16), // pre_defined, reserved
    u16(width), // width
    u16(height), // height
    u32(0x00480000), // horizresolution, 72 dpi
    u32(0x00480000), // vertresolution
    u32(0), // reserved
    u16(1), // frame_count
    zeros(32), // compressorname
    u16(0x0018), // depth
    u16(0xffff), // pre_defined, -1
    box('avcC', avc_configuration),
    box('colr', ascii('nclx'), u16(1), u16(1), u16(1), u8(0)), // BT.709 primaries, transfer, matrix; limited range
    box('pasp', u32(1), u32(1)), // hSpacing, vSpacing: square pixels
  );
}

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15, section 5.3.3.1): 4:2:0, 8 bits. */
export function avcConfiguration(sps: Uint8Array, pps: Uint8Array): Part[] {
  const [, profile = 0, compatibility = 0, level = 0] = sps;
  return [
    u8(1), // configurationVersion
    u8(profile, compatibility, level), // AVCProfileIndication, profile_compatibility, AVCLevelIndication
    u8(0xff), // reserved 6 bits, lengthSizeMinusOne 3
    u8(0xe1), // reserved 3 bits, numOfSequenceParameterSets 1
    u16(sps.length),
    sps, // sequenceParameterSetLength, NAL unit
    u8(1), // numOfPictureParameterSets
    u16(pps.length),
    pps, // pictureParameterSetLength, NAL unit
    // chroma_format 1, bit_depth_luma_minus8 0, bit_depth_chroma_minus8 0, numOfSequenceParameterSetExt 0
    HIGH_PROFILES.includes(profile) ? u8(0xfd, 0xf8, 0xf8, 0) : [],
  ];
}

const HIGH_PROFILES = [100, 110, 122, 144];
const UNITY_MATRIX = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].flatMap(u32);
/** graphicsmode and opcolor 0 */
const VIDEO_MEDIA_HEADER = fullBox('vmhd', 0, 1, zeros(8));
/** One data entry, whose flag says that the samples are in this file. */
const SELF_CONTAINED = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
