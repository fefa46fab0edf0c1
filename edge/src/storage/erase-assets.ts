/** All that is stored of a video goes. Safe to repeat. */
import { videoPrefix } from '@everframe/shared';

export async function eraseVideoAssets(bucket: R2Bucket, video_id: string): Promise<void> {
  for (;;) {
    const { objects } = await bucket.list({ prefix: videoPrefix(video_id), limit: 1000 });
    if (objects.length === 0) return;
    await bucket.delete(objects.map((object) => object.key));
  }
}
