/** For tests: a worker's hand. It generates nothing; its segments of 4 frames are texts. */
import assert from 'node:assert/strict';
import {
  type Asset,
  type ClaimAnswer,
  checkpointKey,
  finalKey,
  initKey,
  latentsKey,
  type Segment,
  segmentKey,
  spritesheetKey,
  stillsKey,
  thumbnailKey,
} from '@everframe/shared';
import { type TestEdge, uploadText } from './edge.ts';

/** Uploads chunk `chunk_index` of 4 frames and says how to commit it. */
export async function prepare(
  edge: TestEdge,
  claim: ClaimAnswer,
  video_id: string,
  chunk_index: number,
  text?: string,
): Promise<{ segment: Segment; checkpoint: Asset }> {
  const { epoch, ticket } = claim;
  const segment: Segment = {
    chunk_index,
    first_frame: chunk_index * 4,
    frames: 4,
    init: await uploadText(edge, ticket, initKey(video_id, epoch, 0)),
    media: await uploadText(edge, ticket, segmentKey(video_id, epoch, chunk_index), text),
    latents: await uploadText(edge, ticket, latentsKey(video_id, epoch, chunk_index), `latents ${chunk_index}`),
    stills: await uploadText(edge, ticket, stillsKey(video_id, epoch, chunk_index)),
    encoder: 'ffmpeg-x264',
  };
  return { segment, checkpoint: await uploadText(edge, ticket, checkpointKey(video_id, epoch, chunk_index)) };
}

/** Commits chunks [from, to) and brings back the last commit. */
export async function commitChunks(edge: TestEdge, claim: ClaimAnswer, video_id: string, from: number, to: number): Promise<string | null> {
  let { parent } = claim;
  for (let chunk_index = from; chunk_index < to; chunk_index++) {
    const prepared = await prepare(edge, claim, video_id, chunk_index);
    const { status, body } = await edge.call(video_id, 'commit', { epoch: claim.epoch, parent, ...prepared });
    assert.equal(status, 200, JSON.stringify(body));
    parent = String(body.commit_id);
  }
  return parent;
}

export async function finalAssets(
  edge: TestEdge,
  claim: ClaimAnswer,
  video_id: string,
): Promise<{ video: Asset; thumbnail: Asset; spritesheet: Asset }> {
  return {
    video: await uploadText(edge, claim.ticket, finalKey(video_id, claim.epoch)),
    thumbnail: await uploadText(edge, claim.ticket, thumbnailKey(video_id, claim.epoch)),
    spritesheet: await uploadText(edge, claim.ticket, spritesheetKey(video_id, claim.epoch)),
  };
}

export async function completedVideo(edge: TestEdge, fields?: object, chunks = 2): Promise<{ video_id: string; claim: ClaimAnswer }> {
  const video_id = await edge.create(fields);
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(edge, claim, video_id, 0, chunks);
  const { status, body } = await edge.call(video_id, 'complete', {
    epoch: claim.epoch,
    parent,
    ...(await finalAssets(edge, claim, video_id)),
  });
  assert.equal(status, 200, JSON.stringify(body));
  return { video_id, claim };
}
