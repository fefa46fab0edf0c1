/** Pictures under the prefix of the video that begins with them, erased with it. Safe to repeat. */
import { type InputReference, pictureKey } from '@everframe/shared';
import { copyAsset } from '../storage/copy-assets.ts';
import type { Picture } from './check-picture.ts';

export async function storePicture(bucket: R2Bucket, { bytes, sha256, type }: Picture, video_id: string): Promise<InputReference> {
  const key = pictureKey(video_id, sha256);
  await bucket.put(key, bytes, { sha256, httpMetadata: { contentType: type } });
  return { key, sha256, bytes: bytes.length };
}

/** @returns null where it is gone */
export async function copyPicture(bucket: R2Bucket, picture: InputReference, video_id: string): Promise<InputReference | null> {
  return copyAsset(bucket, picture, pictureKey(video_id, picture.sha256));
}
