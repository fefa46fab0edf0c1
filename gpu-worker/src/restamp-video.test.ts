/** Published videos that were signed while no time-stamp authority answered, and what a worker makes of them later. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  type Asset,
  type CompleteRequest,
  finalKey,
  parsePublication,
  type RestampedRequest,
  spritesheetKey,
  thumbnailKey,
} from '@everframe/shared';
import { EdgeError } from './edge-client.ts';
import { handleJob } from './handle-job.ts';
import type { JobContext } from './job.ts';
import { openWasmEncoder } from './media/wasm-encoder.ts';
import { openDevelopmentSigner } from './provenance/development-signer.ts';
import { readManifest } from './provenance/read-manifest.ts';
import { startTestAuthority } from './provenance/test-time-stamp-server.ts';
import { claimOf, createTestEdge, type TestEdge } from './testing/edge.ts';
import { commandFor, createTestInference } from './testing/inference.ts';

const VIDEO_ID = `video_${'0'.repeat(32)}`;
const folder = await mkdtemp(join(tmpdir(), 'everframe-restamp-'));
const authorities = [await startTestAuthority(), await startTestAuthority()] as const;
after(async () => {
  await Promise.all(authorities.map((authority) => authority.close()));
  await rm(folder, { recursive: true });
});
const signer = await openDevelopmentSigner(join(folder, 'keys'));
const scratch_dir = join(folder, 'scratch');

function answering(behaviour: 'right' | 'status 500'): void {
  for (const authority of authorities) authority.behaviour = behaviour;
}

/** @returns what the worker logged, by message */
async function handle(edge: TestEdge, work?: 'restamp', change: Partial<JobContext> = {}): Promise<string[]> {
  const said: string[] = [];
  const context: JobContext = {
    worker_id: 'a worker',
    edge,
    inference: createTestInference(),
    encoders: new Map([['wasm', openWasmEncoder()]]),
    package_digests: new Map([['toy', 'cd'.repeat(32)]]),
    signer,
    time_stamp_urls: authorities.map(({ url }) => url),
    scratch_dir,
    log: (_, message) => said.push(message),
    stop: new AbortController().signal,
    ...change,
  };
  let acknowledged = 0;
  const body = JSON.stringify({ version: 1, video_id: VIDEO_ID, queued_at_ms: 1, ...(work && { work }) });
  await handleJob(context, { body, acknowledge: async () => void acknowledged++ });
  assert.equal(acknowledged, 1);
  assert.deepEqual(await readdir(scratch_dir).catch(() => []), []);
  return said;
}

/** A published video as a worker made it while the authorities behaved so. */
async function published(behaviour: 'right' | 'status 500', change: Partial<JobContext> = {}) {
  answering(behaviour);
  const completed: CompleteRequest[] = [];
  const edge = createTestEdge(claimOf(commandFor(1)), { complete: async (_, request) => void completed.push(request) });
  const { upload } = edge;
  edge.upload = async (ticket, key, content, ...rest) =>
    upload(ticket, key, content instanceof Uint8Array ? content : await readFile(content.path), ...rest);
  await handle(edge, undefined, change);
  const { video, thumbnail, spritesheet, unstamped, publication = null } = completed[0] ?? assert.fail('it is not completed');
  const brought: RestampedRequest[] = [];
  edge.restamp = async () => ({ epoch: 2, request_id: null, video, thumbnail, spritesheet, publication, ticket: 'a ticket' });
  edge.restamped = async (_, request) => void brought.push(request);
  return { edge, video, thumbnail, spritesheet: spritesheet ?? assert.fail('it has no spritesheet'), unstamped, brought };
}

async function reportOn({ stored }: TestEdge, { key }: Asset) {
  const path = join(folder, 'read');
  await writeFile(path, stored.get(key) ?? assert.fail(key));
  return readManifest(path, key.endsWith('.mp4') ? 'video/mp4' : 'image/jpeg', signer.trust_anchors_pem);
}

test('a video that is signed while an authority answers is published as stamped', async () => {
  const { unstamped, edge, video } = await published('right');
  assert.equal(unstamped, false);
  assert.ok((await reportOn(edge, video)).time_stamp);
});

test('without time-stamps at all nothing is to be made up for', async () => {
  assert.equal((await published('right', { time_stamp_urls: [] })).unstamped, false);
});

test('signed while no authority answers, it is published as unstamped; later each of its files is stamped, and keep their names', async () => {
  const { edge, unstamped, video, thumbnail, spritesheet, brought } = await published('status 500');
  assert.equal(unstamped, true);
  assert.ok((await handle(edge, 'restamp')).includes('still without a time-stamp'));
  assert.equal(brought.length, 0, 'nothing is said, so the edge asks again');

  answering('right');
  assert.ok((await handle(edge, 'restamp')).includes('time-stamped'));
  const [request] = brought;
  assert.ok(request?.outcome === 'stamped' && request.video && request.thumbnail && request.spritesheet);
  assert.deepEqual(
    [request.epoch, request.video.key, request.thumbnail.key, request.spritesheet.key],
    [2, finalKey(VIDEO_ID, 2), thumbnailKey(VIDEO_ID, 2), spritesheetKey(VIDEO_ID, 2)],
  );
  const { facts } = parsePublication(request.publication ?? assert.fail('nothing is stated of the new file'));
  assert.deepEqual([facts.sha256, facts.video_id, facts.model], [request.video.sha256, VIDEO_ID, 'toy']);
  assert.equal(facts.manifest_id, (await reportOn(edge, video)).manifest_label);
  for (const [before, now] of [
    [video, request.video],
    [thumbnail, request.thumbnail],
    [spritesheet, request.spritesheet],
  ] as const) {
    const [was, is] = [await reportOn(edge, before), await reportOn(edge, now)];
    assert.deepEqual([was.state, was.time_stamp, is.state], ['trusted', undefined, 'trusted']);
    assert.ok(is.time_stamp);
    assert.equal(is.manifest_label, was.manifest_label);
    assert.notEqual(now.sha256, before.sha256);
  }
});

test('a worker that has no authority to ask leaves the errand to others and says nothing of it', async () => {
  const { edge, brought } = await published('status 500');
  let claimed = 0;
  const { restamp } = edge;
  edge.restamp = (...args) => {
    claimed++;
    return restamp(...args);
  };
  const said = await handle(edge, 'restamp', { time_stamp_urls: [] });
  assert.match(said.join(), /no time-stamp authority to ask/);
  assert.deepEqual([claimed, brought], [0, []]);
});

test('where every file has its time-stamp already, that is said and nothing is brought', async () => {
  const { edge, brought } = await published('right');
  await handle(edge, 'restamp');
  assert.deepEqual(brought, [{ outcome: 'stamped_before', epoch: 2 }]);
});

test('of files some of which have their time-stamp, the other alone is brought', async () => {
  const { edge, brought } = await published('status 500');
  const stamped = await published('right');
  for (const [key, bytes] of stamped.edge.stored) if (key.endsWith('.jpg')) edge.stored.set(key, bytes);
  await handle(edge, 'restamp');
  const [request] = brought;
  assert.ok(request?.outcome === 'stamped');
  assert.deepEqual([request.video !== undefined, request.thumbnail, request.spritesheet], [true, undefined, undefined]);
});

test('a file that kept no room is reported, so that nobody is asked again', async () => {
  const { edge, brought } = await published('right', { time_stamp_urls: [] });
  await handle(edge, 'restamp');
  assert.deepEqual(
    brought.map(({ outcome }) => outcome),
    ['impossible'],
  );
});

test('an altered file is not stamped and nothing takes its place', async () => {
  const { edge, video, brought } = await published('status 500');
  const bytes = edge.stored.get(video.key) ?? assert.fail();
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  answering('right');
  assert.ok((await handle(edge, 'restamp')).includes('not time-stamped; it will be tried again'));
  assert.deepEqual(brought, []);
});

test('a video that lacks nothing any more is acknowledged without work', async () => {
  const { edge, brought } = await published('right');
  edge.restamp = async () => Promise.reject(new EdgeError('video_finished', 'it has one'));
  assert.deepEqual(await handle(edge, 'restamp'), ['nothing to do']);
  assert.deepEqual(brought, []);
});
