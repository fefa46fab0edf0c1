/**
 * What a picture says of itself before it is decoded: type, size, whether it carries a C2PA manifest. Enough to refuse what
 * nobody should decode; the name and type that it was sent under may lie. JPEG (ITU-T T.81) and PNG (ISO 15948). A file that two
 * readers could understand in two ways is refused: what is checked here is what is decoded.
 */
import { JPEG_MAX_SAMPLES, JPEG_MAX_SCANS, PICTURE_LIMITS } from './limits.ts';

export interface PictureHeader {
  readonly type: 'image/jpeg' | 'image/png';
  /** As stored, before any turn that its metadata asks for. */
  readonly width: number;
  readonly height: number;
  /** Light and colours that are held in decoding; of a PNG as many as it has pixels. */
  readonly samples: number;
  readonly has_manifest: boolean;
}

/** A picture that can't be used. The message is a predicate: "is cut off". */
export class PictureError extends Error {
  override readonly name = 'PictureError';
}

/** @throws PictureError where it is neither, of a kind that few can read, or broken */
export function readPictureHeader(bytes: Uint8Array): PictureHeader {
  if (startsWith(bytes, PNG_SIGNATURE)) return readPng(bytes);
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return readJpeg(bytes);
  throw new PictureError('is neither a JPEG nor a PNG');
}

export const PNG_SIGNATURE: readonly number[] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** @returns the rule that it breaks and its value, as a predicate: "must have ...; it is 8x8" */
export function pictureFault({ width, height, samples }: PictureHeader): string | undefined {
  const { max_pixels, min_side } = PICTURE_LIMITS;
  if (Math.min(width, height) < min_side) return `must have sides of at least ${min_side} pixels; it is ${width}x${height}`;
  if (width * height > max_pixels) return `must have at most ${max_pixels} pixels; it is ${width}x${height}`;
  if (samples <= JPEG_MAX_SAMPLES) return undefined;
  const value = `${width}x${height} pixels with ${Math.ceil(samples)} samples`;
  return `must have at most ${JPEG_MAX_SAMPLES} samples; it is ${value}: save it smaller, or with colours at half the size (4:2:0)`;
}

/** Chunks in order, their lengths checked, the only header first; what follows IEND is not looked at. */
export function* pngChunks(bytes: Uint8Array): Generator<{ readonly type: string; readonly content: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = PNG_SIGNATURE.length; ; ) {
    if (at + 12 > bytes.length) throw new PictureError('is a PNG that is cut off');
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) throw new PictureError('is a PNG that is cut off');
    const is_first = at === PNG_SIGNATURE.length;
    if (is_first !== (type === 'IHDR'))
      throw new PictureError(`is a PNG ${is_first ? 'that does not begin with its header' : 'with two headers'}`);
    if (is_first && length !== 13) throw new PictureError('is a PNG with a broken header');
    yield { type, content: bytes.subarray(at + 8, at + 8 + length) };
    if (type === 'IEND') return;
    at += 12 + length;
  }
}

function readPng(bytes: Uint8Array): PictureHeader {
  const types = new Set<string>();
  let size = { width: 0, height: 0 };
  for (const { type, content } of pngChunks(bytes)) {
    types.add(type);
    if (type === 'IHDR') size = pngSize(content);
  }
  if (!types.has('IDAT')) throw new PictureError('is a PNG without a picture');
  return { type: 'image/png', ...size, samples: size.width * size.height, has_manifest: types.has('caBX') };
}

/** @param content of IHDR */
export function pngSize(content: Uint8Array): { readonly width: number; readonly height: number } {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  return { width: view.getUint32(0), height: view.getUint32(4) };
}

/** Markers with what belongs to each, to the end of the picture; coded data are passed over, and what follows the end. */
export function* jpegSegments(bytes: Uint8Array): Generator<{ readonly marker: number; readonly content: Uint8Array }> {
  for (let at = 2; ; ) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === undefined) throw new PictureError('is a JPEG that is cut off or broken');
    // Any number of fill bytes may stand before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === END_OF_IMAGE) return;
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (length < 2 || at + 2 + length > bytes.length) throw new PictureError('is a JPEG that is cut off or broken');
    yield { marker, content: bytes.subarray(at + 4, at + 2 + length) };
    at += 2 + length;
    if (marker === START_OF_SCAN) at = endOfScan(bytes, at);
  }
}

/** Where the next marker stands: in coded data a zero follows each 0xff, and restarts are part of them. */
function endOfScan(bytes: Uint8Array, begin: number): number {
  for (let at = begin; ; at += 2) {
    at = bytes.indexOf(0xff, at);
    const next = at < 0 ? undefined : bytes[at + 1];
    if (next === undefined) throw new PictureError('is a JPEG that is cut off or broken');
    if (next !== 0 && (next < 0xd0 || next > 0xd7)) return at;
  }
}

const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const APP11 = 0xeb;
/** Baseline, extended and progressive, with Huffman codes. */
const FRAMES_READ = [0xc0, 0xc1, 0xc2];

function readJpeg(bytes: Uint8Array): PictureHeader {
  let frame: Frame | undefined;
  let has_manifest = false;
  let scans = 0;
  for (const { marker, content } of jpegSegments(bytes)) {
    has_manifest ||= marker === APP11;
    if (marker === START_OF_SCAN && ++scans > JPEG_MAX_SCANS) {
      throw new PictureError(`is a JPEG of more than ${JPEG_MAX_SCANS} scans; it can be saved as a baseline one`);
    }
    if (!isFrame(marker)) continue;
    if (frame) throw new PictureError('is a JPEG with more than one frame');
    if (scans > 0) throw new PictureError('is a JPEG that is cut off or broken');
    frame = readFrame(marker, content);
  }
  if (!frame || scans === 0) throw new PictureError('is a JPEG without a picture');
  return { type: 'image/jpeg', ...frame, has_manifest };
}

type Frame = Pick<PictureHeader, 'width' | 'height' | 'samples'>;

function readFrame(marker: number, content: Uint8Array): Frame {
  const [precision = 0, h1 = 0, h0 = 0, w1 = 0, w0 = 0, components = 0] = content;
  if (!FRAMES_READ.includes(marker) || precision !== 8) {
    throw new PictureError('is a lossless, arithmetic or 12-bit JPEG; only baseline and progressive ones are read');
  }
  if (components !== 1 && components !== 3) throw new PictureError(`is a JPEG of ${components} colour components, not RGB or grey`);
  const [width, height] = [(w1 << 8) | w0, (h1 << 8) | h0];
  if (content.length !== 6 + 3 * components || width === 0 || height === 0) throw new PictureError('is a JPEG with a broken header');
  return { width, height, samples: width * height * samplesOfPixel(content.subarray(6)) };
}

/** Three where colours are as fine as light, 1.5 where they have half its width and height. @param components three bytes each */
function samplesOfPixel(components: Uint8Array): number {
  const factors = Array.from({ length: components.length / 3 }, (_, index) => components[3 * index + 1] ?? 0);
  const [across, down] = [factors.map((factor) => factor >> 4), factors.map((factor) => factor & 15)];
  if (Math.min(...across, ...down) < 1 || Math.max(...across, ...down) > 4) throw new PictureError('is a JPEG with a broken header');
  return factors.reduce((sum, _, index) => sum + (across[index] ?? 0) * (down[index] ?? 0), 0) / (Math.max(...across) * Math.max(...down));
}

/** Start-of-frame markers; the others of their range are tables. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function startsWith(bytes: Uint8Array, beginning: readonly number[]): boolean {
  return beginning.every((byte, index) => bytes[index] === byte);
}
