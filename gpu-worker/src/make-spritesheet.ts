/** The spritesheet of a video whose chunks are all committed, from the stills that were stored with them: at most sixteen are fetched. */
import type { Asset, GenerationCommand, Segment } from '@everframe/shared';
import type { RgbImage } from './generation/family.ts';
import type { JobContext } from './job.ts';
import type { Lease } from './lease.ts';
import { encodeJpeg } from './media/jpeg.ts';
import { joinTiles, spritesheetFrames } from './media/spritesheet.ts';
import { takeStill } from './media/stills.ts';
import { framesDone } from './progress.ts';

/** @returns JPEG; undefined where an older worker made a chunk that it would show, and kept no stills of it */
export async function makeSpritesheet(
  { edge }: JobContext,
  lease: Lease,
  { fps, width, height }: GenerationCommand,
  segments: readonly Segment[],
): Promise<Uint8Array | undefined> {
  const fetched = new Map<string, Uint8Array>();
  const tiles: RgbImage[] = [];
  for (const frame of spritesheetFrames({ frames: framesDone({ segments }), fps })) {
    const segment = segments.find(({ first_frame, frames }) => first_frame <= frame && frame < first_frame + frames);
    if (!segment?.stills) return undefined;
    tiles.push(takeStill(await fetch(segment.stills), frame, { fps, width, height, first_frame: segment.first_frame }));
  }
  const sheet = joinTiles(tiles);
  return encodeJpeg(sheet.rgb, sheet.width, sheet.height);

  async function fetch(stills: Asset): Promise<Uint8Array> {
    const bytes = fetched.get(stills.key) ?? (await edge.download(() => lease.ticket, stills, lease.signal));
    fetched.set(stills.key, bytes);
    return bytes;
  }
}
