/** Spritesheets as the worker's whole path makes them, whoever made the chunks. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { spritesheetKey, thumbnailKey } from '@everframe/shared';
import { decodeJpeg } from './media/jpeg.ts';
import { makeClip, psnr } from './media/test-clip.ts';
import { openDevelopmentSigner } from './provenance/development-signer.ts';
import { readManifest } from './provenance/read-manifest.ts';
import { extensionOf } from './testing/extended-video.ts';
import { CHUNKS, type Made, make, takenOver } from './testing/live-video.ts';

const VIDEO_ID = `video_${'a'.repeat(32)}`;
const folder = await mkdtemp(join(tmpdir(), 'everframe-spritesheet-'));
after(() => rm(folder, { recursive: true }));
const signer = await openDevelopmentSigner(join(folder, 'keys'));
const whole = await make(VIDEO_ID, { folder, signer });

/** The sheet's pixels. */
function sheetOf({ stored }: Made, video_id = VIDEO_ID, epoch = 1) {
  return decodeJpeg(stored.get(spritesheetKey(video_id, epoch)) ?? assert.fail('it has no spritesheet'));
}

function tileOf({ rgb, width }: ReturnType<typeof sheetOf>, tile: number): Uint8Array {
  const side = width / 4;
  const [left, top] = [(tile % 4) * side, Math.floor(tile / 4) * side];
  const rows = Array.from({ length: side }, (_, y) => rgb.subarray(((top + y) * width + left) * 3, ((top + y) * width + left + side) * 3));
  return Buffer.concat(rows);
}

test('each tile is the frame at its place in the video, and no other', () => {
  const sheet = sheetOf(whole);
  assert.deepEqual([sheet.width, sheet.height], [256, 256]);
  for (let tile = 0; tile < 16; tile++) {
    const shown = Math.floor((tile * CHUNKS * 4) / 16);
    const likeness = [shown, shown + 3].map((frame) => psnr(tileOf(sheet, tile), makeClip({ width: 64, height: 64 }, frame, 1)));
    const [own = 0, other = 0] = likeness;
    assert.ok(own > 30 && own > other + 5, `tile ${tile}: ${own} dB to frame ${shown}, ${other} dB to frame ${shown + 3}`);
  }
});

test('it is signed as a picture of the video', async () => {
  for (const [key, title] of [
    [spritesheetKey(VIDEO_ID, 1), `${VIDEO_ID} (spritesheet)`],
    [thumbnailKey(VIDEO_ID, 1), `${VIDEO_ID} (thumbnail)`],
  ] as const) {
    const path = join(folder, 'picture.jpg');
    await writeFile(path, whole.stored.get(key) ?? assert.fail(key));
    const report = await readManifest(path, 'image/jpeg', signer.trust_anchors_pem);
    assert.deepEqual([report.state, report.title, report.ai_generated], ['trusted', title, true]);
  }
});

test('a worker that goes on after another has died makes the same sheet', async () => {
  for (const count of [2, CHUNKS]) {
    const resumed = await make(VIDEO_ID, { folder, signer, claim: takenOver(whole, count), before: whole });
    assert.deepEqual(sheetOf(resumed, VIDEO_ID, 2), sheetOf(whole));
  }
});

test("an extension's shows what it took over and what was made for it", async () => {
  const id = `video_${'b'.repeat(32)}`;
  const extension = await make(id, { folder, signer, claim: extensionOf(whole, VIDEO_ID), before: whole });
  assert.deepEqual(sheetOf(extension, id), sheetOf(whole));
});

test('where an older worker kept no stills of a part, the video is completed without', async () => {
  const claim = takenOver(whole, 2);
  const segments = claim.segments?.map(({ stills: _, ...segment }) => segment) ?? assert.fail();
  const before = { ...whole, stored: new Map(whole.stored) };
  before.stored.delete(spritesheetKey(VIDEO_ID, 1));
  const made = await make(VIDEO_ID, { folder, signer, claim: { ...claim, segments }, before });
  assert.ok(made.video.length > 0);
  assert.equal(made.stored.get(spritesheetKey(VIDEO_ID, 2)), undefined);
});
