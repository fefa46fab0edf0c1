/**
 * What a picture says of itself in its first bytes: type, size, whether it carries a C2PA manifest. Enough to refuse what
 * nobody should decode; the name and type that it was sent under may lie. JPEG (ITU-T T.81) and PNG (ISO 15948).
 */

export interface PictureHeader {
  readonly type: 'image/jpeg' | 'image/png';
  /** As stored, before any turn that its metadata asks for. */
  readonly width: number;
  readonly height: number;
  readonly has_manifest: boolean;
}

/** A picture that can't be used. The message is a predicate: "is cut off". */
export class PictureError extends Error {
  override readonly name = 'PictureError';
}

/** @throws PictureError where it is neither, of a kind that few can read, or broken */
export function readPictureHeader(bytes: Uint8Array): PictureHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (startsWith(bytes, PNG_SIGNATURE)) return readPng(bytes, view);
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return readJpeg(bytes);
  throw new PictureError('is neither a JPEG nor a PNG');
}

export const PNG_SIGNATURE: readonly number[] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Chunks in order, their lengths checked; what follows IEND is not looked at. */
export function* pngChunks(bytes: Uint8Array): Generator<{ readonly type: string; readonly content: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = PNG_SIGNATURE.length; ; ) {
    if (at + 12 > bytes.length) throw new PictureError('is a PNG that is cut off');
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) throw new PictureError('is a PNG that is cut off');
    yield { type, content: bytes.subarray(at + 8, at + 8 + length) };
    if (type === 'IEND') return;
    at += 12 + length;
  }
}

function readPng(bytes: Uint8Array, view: DataView): PictureHeader {
  const types = new Set<string>();
  for (const { type } of pngChunks(bytes)) types.add(type);
  // IHDR is the first: its content lies behind the signature, a length and a type.
  if (view.getUint32(8) !== 13 || !types.has('IHDR') || !types.has('IDAT')) throw new PictureError('is a PNG without a picture');
  return { type: 'image/png', width: view.getUint32(16), height: view.getUint32(20), has_manifest: types.has('caBX') };
}

/** Markers with what belongs to each, up to the first scan. */
export function* jpegSegments(bytes: Uint8Array): Generator<{ readonly marker: number; readonly content: Uint8Array }> {
  for (let at = 2; ; ) {
    if (at + 4 > bytes.length || bytes[at] !== 0xff) throw new PictureError('is a JPEG that is cut off or broken');
    const marker = bytes[at + 1] ?? 0;
    // Any number of fill bytes may stand before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (length < 2 || at + 2 + length > bytes.length) throw new PictureError('is a JPEG that is cut off or broken');
    yield { marker, content: bytes.subarray(at + 4, at + 2 + length) };
    if (marker === START_OF_SCAN) return;
    at += 2 + length;
  }
}

const START_OF_SCAN = 0xda;
const APP11 = 0xeb;
/** Baseline, extended and progressive, with Huffman codes. */
const FRAMES_READ = [0xc0, 0xc1, 0xc2];

function readJpeg(bytes: Uint8Array): PictureHeader {
  let size: { width: number; height: number } | undefined;
  let has_manifest = false;
  for (const { marker, content } of jpegSegments(bytes)) {
    has_manifest ||= marker === APP11;
    if (!isFrame(marker)) continue;
    if (size) throw new PictureError('is a JPEG with more than one frame');
    const [precision = 0, h1 = 0, h0 = 0, w1 = 0, w0 = 0, components = 0] = content;
    if (!FRAMES_READ.includes(marker) || precision !== 8) {
      throw new PictureError('is a lossless, arithmetic or 12-bit JPEG; only baseline and progressive ones are read');
    }
    if (components !== 1 && components !== 3) throw new PictureError(`is a JPEG of ${components} colour components, not RGB or grey`);
    size = { width: (w1 << 8) | w0, height: (h1 << 8) | h0 };
  }
  if (!size) throw new PictureError('is a JPEG without a picture');
  return { type: 'image/jpeg', ...size, has_manifest };
}

/** Start-of-frame markers; the others of their range are tables. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function startsWith(bytes: Uint8Array, beginning: readonly number[]): boolean {
  return beginning.every((byte, index) => bytes[index] === byte);
}
