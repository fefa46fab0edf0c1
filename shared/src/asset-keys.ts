/**
 * Object keys, one function per kind. Whatever a worker writes lies under its video and epoch, so two workers can
 * never write the same key, and an upload ticket is a prefix.
 */

export function videoPrefix(video_id: string): string {
  return `videos/${video_id}/`;
}

export function epochPrefix(video_id: string, epoch: number): string {
  return `${videoPrefix(video_id)}${epoch}/`;
}

/** @param first_chunk the first that was made under this init segment */
export function initKey(video_id: string, epoch: number, first_chunk: number): string {
  return `${epochPrefix(video_id, epoch)}init-${first_chunk}.mp4`;
}

export function segmentKey(video_id: string, epoch: number, chunk_index: number): string {
  return `${epochPrefix(video_id, epoch)}segment-${chunk_index}.m4s`;
}

export function checkpointKey(video_id: string, epoch: number, chunk_index: number): string {
  return `${epochPrefix(video_id, epoch)}checkpoint-${chunk_index}.bin`;
}

/** Of the model's own picture of the chunk. */
export function latentsKey(video_id: string, epoch: number, chunk_index: number): string {
  return `${epochPrefix(video_id, epoch)}latents-${chunk_index}.bin`;
}

/** Of some of the chunk's frames, made small. */
export function stillsKey(video_id: string, epoch: number, chunk_index: number): string {
  return `${epochPrefix(video_id, epoch)}stills-${chunk_index}.jpg`;
}

export function finalKey(video_id: string, epoch: number): string {
  return `${epochPrefix(video_id, epoch)}video.mp4`;
}

export function thumbnailKey(video_id: string, epoch: number): string {
  return `${epochPrefix(video_id, epoch)}thumbnail.jpg`;
}

export function spritesheetKey(video_id: string, epoch: number): string {
  return `${epochPrefix(video_id, epoch)}spritesheet.jpg`;
}

/** What a video begins with is written by the edge, before the first claim. */
const EDGE_EPOCH = 0;

/** A copy of what another video has under this key, for a video that goes on from it. */
export function inheritedKey(video_id: string, key: string): string {
  return `${epochPrefix(video_id, EDGE_EPOCH)}${key.split('/').slice(2).join('-')}`;
}

/** The signed file of the video that this one is made after. */
export function parentFileKey(video_id: string): string {
  return `${epochPrefix(video_id, EDGE_EPOCH)}parent.mp4`;
}

/** The latents of the video that this one edits, those of one chunk behind the other. */
export function sourceKey(video_id: string): string {
  return `${epochPrefix(video_id, EDGE_EPOCH)}source.bin`;
}

/** The picture that a video begins with. Two tries of one request may bring two: each keeps its own. */
export function pictureKey(video_id: string, sha256: string): string {
  return `${epochPrefix(video_id, EDGE_EPOCH)}picture-${sha256}`;
}

/** PEM: the roots of whoever signs for this service. */
export function ownRootsKey(): string {
  return 'trust/own-roots.pem';
}

/** PEM: the roots of signers that are known by name. */
export function trustListKey(): string {
  return 'trust/trust-list.pem';
}
