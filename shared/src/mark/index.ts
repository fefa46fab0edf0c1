/** The invisible mark and the fingerprint: what worker, edge, page and command line share. Pure arithmetic on decoded frames. */
export { isMarkId } from './code.ts';
export { createMarker, type Marker } from './embed.ts';
export {
  BANDS,
  bandsOf,
  FINGERPRINT_ALG,
  fingerprintOf,
  growFingerprint,
  HASH_BITS,
  HASH_DIGITS,
  hammingDistance,
  hashWords,
  NOTHING,
  wholeFingerprint,
  wordsDistance,
} from './fingerprint.ts';
export { MARK_ALG } from './layout.ts';
export {
  createPictureReader,
  lookUp,
  PICTURE_SECONDS,
  PICTURES_A_SECOND,
  type PictureReader,
  type PictureSigns,
  type Recovery,
  recoveryText,
} from './look-up.ts';
export { lumaOf } from './luma.ts';
export { createLumaCells, joinCells, type LumaCells } from './luma-cells.ts';
export { createMarkReader, type MarkReader, type MarkReading } from './read-mark.ts';
