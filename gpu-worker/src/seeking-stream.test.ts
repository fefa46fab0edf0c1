/** Live streams as the worker's whole path signs them, judged for a viewer who seeks: in any order, honest and attacked. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  activeManifest,
  type InitVerdict,
  readSegmentInfo,
  SeekingVerifier,
  type SegmentVerdict,
} from '@everframe/shared/live-verification';
import { openDevelopmentSigner } from './provenance/development-signer.ts';
import { bytesOf, type Made, type MakeOptions, make as makeVideo, report, streamOf, takenOver } from './testing/live-video.ts';

const [VIDEO_A, VIDEO_B] = [`video_${'a'.repeat(32)}`, `video_${'b'.repeat(32)}`];
const folder = await mkdtemp(join(tmpdir(), 'everframe-seeking-'));
after(() => rm(folder, { recursive: true }));
const signer = await openDevelopmentSigner(join(folder, 'keys'));
const stranger = await openDevelopmentSigner(join(folder, 'other-keys'));

const make = (video_id: string, options: Partial<MakeOptions> = {}) => makeVideo(video_id, { folder, signer, ...options });
const honest = await make(VIDEO_A);
const other = await make(VIDEO_B);
/** The second worker's part follows two segments of the first one's. */
const taken = await make(VIDEO_A, { claim: takenOver(honest, 2), before: honest });
const initOf = (made: Made) => bytesOf(made, made.commits[0]?.segment.init ?? assert.fail());
const [first, second] = [initOf(honest), initOf(taken)];
const media = (index: number, made = honest) => streamOf(made)[index]?.[1] ?? assert.fail();
const labelOf = (init: Uint8Array) => activeManifest(init)?.label ?? assert.fail();
const startOf = (segment: Uint8Array) => readSegmentInfo(segment)?.manifest_id;
const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));

async function viewer(...inits: Uint8Array[]) {
  const verifier = new SeekingVerifier({ video_id: VIDEO_A, signers: ['ours'] });
  const begin = async (init: Uint8Array): Promise<InitVerdict> => (await verifier.begin(init, await report(init, signer))).verdict;
  for (const init of inits) assert.equal(await begin(init), 'ours');
  /** Played behind the start that its worker signed it for, where no other is named. */
  const check = async (asked_for: number, segment: Uint8Array, start = startOf(segment)): Promise<SegmentVerdict> =>
    (await verifier.check(segment, asked_for, start)).verdict;
  return { begin, check };
}

test('segments are valid in any order and as often as they are asked for', async () => {
  const { check } = await viewer(first);
  for (const index of [3, 0, 1, 1, 4, 0]) assert.equal(await check(index, media(index)), 'valid', `segment ${index}`);
});

test('a segment that is not the one that was asked for is named for what it is', async () => {
  const { check } = await viewer(first);
  assert.equal(await check(2, media(2)), 'valid');
  assert.equal(await check(3, media(4)), 'gap');
  assert.equal(await check(3, media(1)), 'reorder');
  assert.equal(await check(3, media(2)), 'replay');
  assert.equal(await check(3, flip(media(3), media(3).length - 9)), 'changed');
  assert.equal(await check(3, media(3, other)), 'foreign_stream');
  assert.equal(await check(3, media(3)), 'valid');
});

test('nothing is valid before a start is', async () => {
  const { check } = await viewer();
  assert.equal(await check(0, media(0)), 'foreign_stream');
});

test('the starts of a stream that changed hands are taken in any order, each for its own part', async () => {
  for (const inits of [
    [first, second],
    [second, first],
    [second, second, first, second],
  ]) {
    const { check } = await viewer(...inits);
    const part = [media(0), media(1), media(0, taken), media(1, taken), media(2, taken)];
    for (const index of [4, 0, 2, 1, 3]) assert.equal(await check(index, part[index] ?? assert.fail()), 'valid', `segment ${index}`);
    // What the dead worker signed but did not commit has no place.
    assert.equal(await check(2, media(2)), 'foreign_stream');
  }
});

test('a segment that is to be played behind another start than its own is refused, however good both are', async () => {
  const { check } = await viewer(first, second);
  assert.equal(await check(1, media(1), labelOf(second)), 'foreign_stream');
  assert.equal(await check(2, media(0, taken), labelOf(first)), 'foreign_stream');
  assert.equal(await check(2, media(0, taken), labelOf(second)), 'valid');
});

test('the start of another video, a second beginning and a second successor are refused', async () => {
  const again = await make(VIDEO_A);
  const rival = await make(VIDEO_A, { claim: takenOver(honest, 3), before: honest });
  const { begin, check } = await viewer(first, second);
  for (const made of [other, again, rival]) assert.equal(await begin(initOf(made)), 'foreign_stream');
  assert.equal(await check(3, media(3, again)), 'foreign_stream');
  assert.equal(await check(2, media(0, taken)), 'valid');
});

test('who is not named as a signer is refused with all that follows', async () => {
  const forged = await make(VIDEO_A, { signer: stranger });
  const { begin, check } = await viewer();
  assert.equal(await begin(initOf(forged)), 'unknown_signer');
  assert.equal(await check(0, media(0, forged)), 'foreign_stream');
});
