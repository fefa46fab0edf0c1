/** The type of a media file by its first bytes; its name and its declared type may lie. */

/** Bytes from the beginning that are looked at. */
export const MEDIA_TYPE_BYTES = 16;

/** Types that can be checked. */
export type CheckedMediaType =
  | 'video/mp4'
  | 'video/quicktime'
  | 'image/jpeg'
  | 'image/png'
  | 'image/webp'
  | 'image/gif'
  | 'image/heic'
  | 'image/avif';

/** @returns undefined where it is none that can be checked */
export function mediaTypeOf(head: Uint8Array): CheckedMediaType | undefined {
  const text = String.fromCharCode(...head.subarray(0, MEDIA_TYPE_BYTES));
  if (text.slice(4, 8) === 'ftyp') return typeOfBrand(text.slice(8, 12));
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (text.startsWith('\x89PNG\r\n')) return 'image/png';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'image/webp';
  if (text.startsWith('GIF8')) return 'image/gif';
  return undefined;
}

function typeOfBrand(brand: string): CheckedMediaType {
  switch (brand) {
    case 'qt  ':
      return 'video/quicktime';
    case 'heic':
    case 'heix':
    case 'mif1':
      return 'image/heic';
    case 'avif':
      return 'image/avif';
    default:
      return 'video/mp4';
  }
}
