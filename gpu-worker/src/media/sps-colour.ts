/**
 * Says in a sequence parameter set what its pixels mean: BT.709, limited range. minih264 writes none of it, and
 * players then guess BT.601 for small frames, which shifts every colour.
 */

/**
 * @param sps NAL unit of a set that ends with `vui_parameters_present_flag` 0 (ITU-T H.264 section 7.3.2.1.1)
 * @returns the same with the parameters of section E.1.1 in place of that flag
 */
export function tagColour(sps: Uint8Array): Uint8Array {
  const bits = toBits(removeEmulationPrevention(sps));
  const stop = bits.lastIndexOf('1');
  if (stop < 1 || bits[stop - 1] !== '0') throw new Error('the sequence parameter set must end without video usability information');
  const tagged = `${bits.slice(0, stop - 1)}${VIDEO_USABILITY}1`;
  return insertEmulationPrevention(fromBits(tagged));
}

/** Section E.1.1 */
const VIDEO_USABILITY = [
  '1', // vui_parameters_present_flag
  '0', // aspect_ratio_info_present_flag
  '0', // overscan_info_present_flag
  '1', // video_signal_type_present_flag
  '101', // video_format: unspecified
  '0', // video_full_range_flag
  '1', // colour_description_present_flag
  '00000001', // colour_primaries: BT.709
  '00000001', // transfer_characteristics: BT.709
  '00000001', // matrix_coefficients: BT.709
  '0', // chroma_loc_info_present_flag
  '0', // timing_info_present_flag
  '0', // nal_hrd_parameters_present_flag
  '0', // vcl_hrd_parameters_present_flag
  '0', // pic_struct_present_flag
  '0', // bitstream_restriction_flag
].join('');

function toBits(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

function fromBits(bits: string): number[] {
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return bytes.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
}

/** Section 7.4.1: inside a NAL unit a 3 follows two zero bytes that would otherwise look like a start code. */
function removeEmulationPrevention(unit: Uint8Array): number[] {
  return [...unit].filter((byte, at) => !(byte === 3 && unit[at - 1] === 0 && unit[at - 2] === 0));
}

function insertEmulationPrevention(bytes: readonly number[]): Uint8Array {
  const unit: number[] = [];
  for (const byte of bytes) {
    if (byte <= 3 && unit.at(-1) === 0 && unit.at(-2) === 0) unit.push(3);
    unit.push(byte);
  }
  return Uint8Array.from(unit);
}
