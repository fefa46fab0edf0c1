/** Whether what a worker says it uploaded is there: each object's key, size and checksum, before anything points to it. */
import { type Asset, EverframeError, epochPrefix, videoPrefix } from '@everframe/shared';

/**
 * @param own objects of this epoch, by field name
 * @param inherited objects that an earlier epoch may have written
 * @throws EverframeError naming the field
 */
export async function requireAssets(
  bucket: R2Bucket,
  video_id: string,
  epoch: number,
  own: Readonly<Record<string, Asset>>,
  inherited: Readonly<Record<string, Asset>> = {},
): Promise<void> {
  const checks = [
    ...Object.entries(own).map(([field, asset]) => requireAsset(bucket, field, asset, epochPrefix(video_id, epoch))),
    ...Object.entries(inherited).map(([field, asset]) => requireAsset(bucket, field, asset, videoPrefix(video_id))),
  ];
  await Promise.all(checks);
}

async function requireAsset(bucket: R2Bucket, field: string, asset: Asset, prefix: string): Promise<void> {
  const param = `${field}.key`;
  if (!asset.key.startsWith(prefix)) {
    throw new EverframeError('invalid_value', `The key of '${field}' must begin with '${prefix}'; got '${asset.key}'.`, { param });
  }
  const stored = await bucket.head(asset.key);
  if (!stored) throw new EverframeError('asset_not_found', `'${field}' is not uploaded: there is no '${asset.key}'.`, { param });
  if (stored.size !== asset.bytes || sha256Of(stored) !== asset.sha256) {
    throw new EverframeError('asset_corrupt', `'${field}' is not what was uploaded: '${asset.key}' has another size or SHA-256.`, {
      param,
    });
  }
}

/** The checksum an object was stored under, lower-case hex; undefined where it was stored without. */
export function sha256Of(object: R2Object): string | undefined {
  return object.checksums.toJSON().sha256;
}
