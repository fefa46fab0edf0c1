/**
 * Objects of one video under the prefix of another, so that each can be deleted without the other. R2 has no copy of its
 * own: bytes go through, as a stream, and are checked against their digest. Safe to repeat.
 */
import { type Asset, inheritedKey, type Segment } from '@everframe/shared';
import type { Beginning } from '../videos/video-state.ts';

/** Workers hold six connections at a time. */
const AT_ONCE = 6;

/** @returns null where the object is gone */
export async function copyAsset(bucket: R2Bucket, { key: source, sha256, bytes }: Asset, key: string): Promise<Asset | null> {
  const object = await bucket.get(source);
  if (!object) return null;
  const { contentType = 'application/octet-stream' } = object.httpMetadata ?? {};
  await bucket.put(key, object.body, { sha256, httpMetadata: { contentType } });
  return { key, sha256, bytes };
}

/** A video's first chunks as another's. @returns null where one of them is gone */
export async function copyBeginning(bucket: R2Bucket, { segments, checkpoint }: Beginning, video_id: string): Promise<Beginning | null> {
  const sources = [
    checkpoint,
    ...segments.flatMap(({ init, media, latents, stills }) => [init, media, latents ?? [], stills ?? []].flat()),
  ];
  const copies = new Map<string, Asset>();
  const waiting = [...new Map(sources.map((asset) => [asset.key, asset])).values()];
  let complete = true;
  const copyNext = async (): Promise<void> => {
    for (let asset = waiting.pop(); asset && complete; asset = waiting.pop()) {
      const copy = await copyAsset(bucket, asset, inheritedKey(video_id, asset.key));
      if (copy) copies.set(asset.key, copy);
      else complete = false;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, copyNext));
  if (!complete) return null;
  const copyOf = ({ key }: Asset): Asset => {
    const copy = copies.get(key);
    if (!copy) throw new Error(`${key} was not copied`);
    return copy;
  };
  const moved = ({ init, media, latents, stills, ...segment }: Segment): Segment => {
    const kept = { ...(latents && { latents: copyOf(latents) }), ...(stills && { stills: copyOf(stills) }) };
    return { ...segment, init: copyOf(init), media: copyOf(media), ...kept };
  };
  return { segments: segments.map(moved), checkpoint: copyOf(checkpoint) };
}
