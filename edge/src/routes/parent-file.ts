/** The signed file of the video that another is made after, for the other's manifest. */
import { type Asset, parentFileKey, type VideoRecord } from '@everframe/shared';
import { copyAsset } from '../storage/copy-assets.ts';

/** @returns null where it has none, or no longer */
export async function copyParentFile(bucket: R2Bucket, { video }: VideoRecord, id: string): Promise<Asset | null> {
  return video && copyAsset(bucket, video, parentFileKey(id));
}
