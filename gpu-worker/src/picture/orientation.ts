/** How a picture is to be turned before it is shown: tag 274 of EXIF (CIPA DC-008), in a JPEG's APP1 or a PNG's eXIf. */
import { jpegSegments, pngChunks } from '@everframe/shared';
import type { RgbaImage } from './png.ts';

/** 1 as it is; 2 mirrored; 3 turned half; 4 both; 5 transposed; 6 to be turned right; 7 transversed; 8 to be turned left. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 274;
const SHORT = 3;

export function orientationOf(bytes: Uint8Array, type: 'image/jpeg' | 'image/png'): Orientation {
  const exif = type === 'image/png' ? exifOfPng(bytes) : exifOfJpeg(bytes);
  return exif ? readOrientation(exif) : 1;
}

function exifOfPng(bytes: Uint8Array): Uint8Array | undefined {
  for (const { type, content } of pngChunks(bytes)) if (type === 'eXIf') return content;
  return undefined;
}

function exifOfJpeg(bytes: Uint8Array): Uint8Array | undefined {
  for (const { marker, content } of jpegSegments(bytes)) {
    if (marker === 0xe1 && String.fromCharCode(...content.subarray(0, 6)) === 'Exif\0\0') return content.subarray(6);
  }
  return undefined;
}

/** @param exif a TIFF file; one that is broken asks for nothing */
function readOrientation(exif: Uint8Array): Orientation {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  try {
    const little = view.getUint16(0) === 0x4949;
    const directory = view.getUint32(4, little);
    const entries = view.getUint16(directory, little);
    for (let entry = 0; entry < entries; entry++) {
      const at = directory + 2 + 12 * entry;
      if (view.getUint16(at, little) !== ORIENTATION_TAG || view.getUint16(at + 2, little) !== SHORT) continue;
      const value = view.getUint16(at + 8, little);
      if (value >= 1 && value <= 8) return value as Orientation;
    }
  } catch (error) {
    // It ends before the tag.
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}

/** As it is to be shown. */
export function upright(image: RgbaImage, orientation: Orientation): RgbaImage {
  if (orientation === 1) return image;
  const swapped = orientation >= 5;
  const [width, height] = swapped ? [image.height, image.width] : [image.width, image.height];
  const from = new Uint32Array(image.rgba.buffer, image.rgba.byteOffset, image.width * image.height);
  const to = new Uint32Array(width * height);
  // In the stored picture, from the right or from below.
  const mirror_x = [2, 3, 7, 8].includes(orientation);
  const mirror_y = [3, 4, 6, 7].includes(orientation);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = swapped ? [y, x] : [x, y];
      const column = mirror_x ? image.width - 1 - u : u;
      const row = mirror_y ? image.height - 1 - v : v;
      to[y * width + x] = from[row * image.width + column] as number;
    }
  }
  return { width, height, rgba: new Uint8Array(to.buffer) };
}
