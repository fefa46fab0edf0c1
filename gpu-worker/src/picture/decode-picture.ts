/** A JPEG or PNG file as a picture of the video's size, upright. */
import { PICTURE_LIMITS, PictureError, pictureFault, readPictureHeader } from '@everframe/shared';
import { decode } from 'jpeg-js';
import type { RgbImage } from '../generation/family.ts';
import { fitPicture } from './fit.ts';
import { orientationOf, upright } from './orientation.ts';
import { decodePng, type RgbaImage } from './png.ts';

/** Coefficients, planes and pixels of the largest JPEG that is taken. */
const JPEG_MEMORY_MB = 512;

/** @throws PictureError where it can't be read to its end */
export function decodePicture(bytes: Uint8Array, width: number, height: number): RgbImage {
  const header = readPictureHeader(bytes);
  const fault = pictureFault(header);
  if (fault) throw new PictureError(fault);
  const { type } = header;
  const image = type === 'image/png' ? decodePng(bytes) : decodeJpeg(bytes);
  return fitPicture(upright(image, orientationOf(bytes, type)), width, height);
}

function decodeJpeg(bytes: Uint8Array): RgbaImage {
  const maxResolutionInMP = PICTURE_LIMITS.max_pixels / 1_000_000;
  try {
    const options = { useTArray: true, formatAsRGBA: true, tolerantDecoding: false, maxResolutionInMP } as const;
    const { width, height, data } = decode(bytes, { ...options, maxMemoryUsageInMB: JPEG_MEMORY_MB });
    return { width, height, rgba: data };
  } catch (cause) {
    throw new PictureError('is a JPEG whose content is broken', { cause });
  }
}
