/**
 * H.264 byte streams (ITU-T H.264 Annex B): NAL units between start codes, as ffmpeg writes them and as MP4 does not.
 * Samples keep only their slices; parameter sets go to the sample entry, and what else an encoder says of itself
 * (version, settings) is left out, so samples of the same frames are the same bytes.
 */
import type { EncodedChunk } from './encoder.ts';

/** Turns a byte stream with access unit delimiters into parameter sets and length-prefixed samples. */
export function parseByteStream(stream: Uint8Array): EncodedChunk {
  let sps: Uint8Array | undefined;
  let pps: Uint8Array | undefined;
  const pictures: Uint8Array[][] = [];
  for (const unit of splitByteStream(stream)) {
    const type = nalType(unit);
    if (type === NAL.ACCESS_UNIT_DELIMITER) pictures.push([]);
    else if (type === NAL.SEQUENCE_PARAMETER_SET) sps = unit;
    else if (type === NAL.PICTURE_PARAMETER_SET) pps = unit;
    else if (type === NAL.SLICE || type === NAL.IDR_SLICE) pictures.at(-1)?.push(unit);
  }
  if (!sps || !pps) throw new Error('the encoder wrote no parameter sets');
  return { sps: sps.slice(), pps: pps.slice(), samples: pictures.map(toSample) };
}

/** One picture's slices as MP4 stores them: each with its length in front. */
export function toSample(slices: readonly Uint8Array[]): EncodedChunk['samples'][number] {
  const bytes = new Uint8Array(slices.reduce((total, slice) => total + 4 + slice.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const slice of slices) {
    view.setUint32(at, slice.length);
    bytes.set(slice, at + 4);
    at += 4 + slice.length;
  }
  return { bytes, key: slices.length > 0 && slices.every((slice) => nalType(slice) === NAL.IDR_SLICE) };
}

/** NAL units of a byte stream, without start codes and the zero bytes that may stand before the next one. */
export function splitByteStream(stream: Uint8Array): Uint8Array[] {
  const buffer = Buffer.from(stream.buffer, stream.byteOffset, stream.byteLength);
  const units: Uint8Array[] = [];
  let codeAt = buffer.indexOf(START_CODE);
  while (codeAt !== -1) {
    const start = codeAt + START_CODE.length;
    codeAt = buffer.indexOf(START_CODE, start);
    let end = codeAt === -1 ? buffer.length : codeAt;
    while (end > start && buffer[end - 1] === 0) end--;
    if (end > start) units.push(stream.subarray(start, end));
  }
  return units;
}

/** Low five bits of a NAL unit's first byte (section 7.3.1). */
export function nalType(unit: Uint8Array): number {
  return (unit[0] ?? 0) & 0x1f;
}

/** nal_unit_type, table 7-1. */
export const NAL = {
  SLICE: 1,
  IDR_SLICE: 5,
  SEQUENCE_PARAMETER_SET: 7,
  PICTURE_PARAMETER_SET: 8,
  ACCESS_UNIT_DELIMITER: 9,
} as const;

const START_CODE = Buffer.from([0, 0, 1]);
