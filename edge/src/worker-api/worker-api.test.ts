/** The worker protocol against the real Worker: one video's way, and everything that must be refused on it. */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import {
  ASSET_MAX_BYTES,
  type Asset,
  type ClaimAnswer,
  checkpointKey,
  finalKey,
  initKey,
  type Segment,
  segmentKey,
  thumbnailKey,
} from '@everframe/shared';
import { sha256Hex, startEdge, type TestEdge, TICKET_SECRET, textBytes, uploadText, WORKER_TOKEN } from '../testing/edge.ts';
import { signTicket } from './ticket.ts';

let edge: TestEdge;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '60' });
});
after(() => edge?.close());

/** Uploads chunk `chunk_index` of 4 frames and says how to commit it. */
async function prepare(
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
    init: await uploadText(edge, ticket, initKey(video_id, epoch)),
    media: await uploadText(edge, ticket, segmentKey(video_id, epoch, chunk_index), text),
    encoder: 'ffmpeg-x264',
  };
  return { segment, checkpoint: await uploadText(edge, ticket, checkpointKey(video_id, epoch, chunk_index)) };
}

/** Commits chunks [from, to) and brings back the last commit. */
async function commitChunks(claim: ClaimAnswer, video_id: string, from: number, to: number): Promise<string | null> {
  let { parent } = claim;
  for (let chunk_index = from; chunk_index < to; chunk_index++) {
    const prepared = await prepare(claim, video_id, chunk_index);
    const { status, body } = await edge.call(video_id, 'commit', { epoch: claim.epoch, parent, ...prepared });
    assert.equal(status, 200, JSON.stringify(body));
    parent = String(body.commit_id);
  }
  return parent;
}

async function finalAssets(claim: ClaimAnswer, video_id: string): Promise<{ video: Asset; thumbnail: Asset }> {
  return {
    video: await uploadText(edge, claim.ticket, finalKey(video_id, claim.epoch)),
    thumbnail: await uploadText(edge, claim.ticket, thumbnailKey(video_id, claim.epoch)),
  };
}

async function completedVideo(): Promise<{ video_id: string; claim: ClaimAnswer }> {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(claim, video_id, 0, 2);
  const { status, body } = await edge.call(video_id, 'complete', { epoch: claim.epoch, parent, ...(await finalAssets(claim, video_id)) });
  assert.equal(status, 200, JSON.stringify(body));
  return { video_id, claim };
}

async function assertRefused(answer: Promise<{ status: number; headers: Headers; body: object }>, status: number, code: string) {
  const { body, ...rest } = await answer;
  const { error } = body as { error: { code: string; message: string } };
  assert.deepEqual([rest.status, error?.code], [status, code], JSON.stringify(body));
  assert.equal(rest.headers.get('x-should-retry'), status === 409 ? 'false' : null);
}

test('a video goes from claim over commits to completion, and its owner sees every step', async () => {
  const video_id = await edge.create({ prompt: 'a red ball', seconds: 1, seed: 7 });
  const claim = await edge.claim(video_id);
  const { ticket, command, prompt_key, ...rest } = claim;
  assert.deepEqual(
    { ...rest, created_at_ms: 0 },
    { epoch: 1, lease_seconds: 60, created_at_ms: 0, parent: null, segments: [], checkpoint: null },
  );
  assert.deepEqual([command.prompt, command.seed, command.frames], ['a red ball', 7, 8]);
  assert.equal((await edge.view(video_id)).status, 'in_progress');

  const first = await prepare(claim, video_id, 0);
  const committed = await edge.call(video_id, 'commit', { epoch: 1, parent: null, ...first });
  assert.equal(committed.body.lease_seconds, 60);
  assert.deepEqual((await edge.view(video_id)).frames, { done: 4, total: 8 });
  assert.equal((await edge.view(video_id)).progress, 50);

  const second = await prepare(claim, video_id, 1);
  const last = await edge.call(video_id, 'commit', { epoch: 1, parent: committed.body.commit_id, ...second });
  assert.equal((await edge.view(video_id)).progress, 99);
  const final = await finalAssets(claim, video_id);
  const request = { epoch: 1, parent: last.body.commit_id, ...final };
  assert.deepEqual((await edge.call(video_id, 'complete', request)).body, { status: 'completed' });

  const view = await edge.view(video_id);
  assert.deepEqual([view.status, view.progress, view.error], ['completed', 100, null]);
  assert.ok(Number(view.expires_at) > Number(view.completed_at));
  assert.deepEqual(await edge.events(video_id), ['queued', 'claimed', 'committed', 'committed', 'completed']);

  assert.deepEqual((await edge.call(video_id, 'complete', request)).body, { status: 'completed' }, 'repeated by its owner');
  assert.equal((await edge.events(video_id)).length, 5);
  await assertRefused(edge.call(video_id, 'claim', { worker_id: 'worker-2' }), 409, 'video_finished');
  await assertRefused(edge.call(video_id, 'beat', { epoch: 1 }), 409, 'video_finished');
});

test('the prompt key is the same at every claim of a video and another for another video', async () => {
  const [a, b] = [await edge.create(), await edge.create()];
  const first = await edge.claim(a);
  await edge.call(a, 'release', { epoch: 1, reason: 'shutdown' });
  assert.equal((await edge.claim(a)).prompt_key, first.prompt_key);
  assert.notEqual((await edge.claim(b)).prompt_key, first.prompt_key);
});

test('a second claim is refused while the lease is alive', async () => {
  const video_id = await edge.create();
  await edge.claim(video_id);
  await assertRefused(edge.call(video_id, 'claim', { worker_id: 'worker-2' }), 409, 'lease_held');
});

test('a released video is claimed again under a new epoch with all that was committed, and the old epoch is refused everything', async () => {
  const video_id = await edge.create();
  const old = await edge.claim(video_id);
  const parent = await commitChunks(old, video_id, 0, 1);
  const late = await prepare(old, video_id, 1);
  const final = await finalAssets(old, video_id);
  assert.deepEqual((await edge.call(video_id, 'release', { epoch: 1, reason: 'shutdown' })).body, { status: 'queued' });
  assert.deepEqual((await edge.call(video_id, 'release', { epoch: 1, reason: 'shutdown' })).body, { status: 'queued' }, 'repeated');
  await assertRefused(edge.call(video_id, 'beat', { epoch: 1 }), 409, 'lease_lost');

  const claim = await edge.claim(video_id, 'worker-2');
  assert.deepEqual([claim.epoch, claim.parent, claim.segments.length], [2, parent, 1]);
  assert.equal(claim.checkpoint?.key, checkpointKey(video_id, 1, 0));
  for (const [action, body] of Object.entries({
    beat: { epoch: 1 },
    commit: { epoch: 1, parent, ...late },
    complete: { epoch: 1, parent, ...final },
    fail: { epoch: 1, code: 'generation_failed', message: '' },
    release: { epoch: 1, reason: 'shutdown' },
  })) {
    await assertRefused(edge.call(video_id, action, body), 409, 'lease_lost');
  }
  assert.equal(await commitChunks(claim, video_id, 1, 2).then((id) => id !== null), true);
  assert.deepEqual(await edge.events(video_id), ['queued', 'claimed', 'committed', 'released', 'claimed', 'committed']);
});

test('an object that was evicted goes on where it was', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(claim, video_id, 0, 1);
  await edge.worker.evictDurableObject('VIDEO', { name: video_id });
  assert.notEqual(await commitChunks({ ...claim, parent }, video_id, 1, 2), parent);
  assert.deepEqual((await edge.view(video_id)).frames, { done: 8, total: 8 });
});

test('the very same commit again answers the same and adds nothing', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const request = { epoch: 1, parent: null, ...(await prepare(claim, video_id, 0)) };
  const once = await edge.call(video_id, 'commit', request);
  const twice = await edge.call(video_id, 'commit', request);
  assert.deepEqual([twice.status, twice.body.commit_id], [200, once.body.commit_id]);
  assert.deepEqual(await edge.events(video_id), ['queued', 'claimed', 'committed']);
});

test('a commit that does not follow on the last one, or exceeds the video, is refused', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const first = await prepare(claim, video_id, 0);
  const second = await prepare(claim, video_id, 1);
  const commit = (body: object) => edge.call(video_id, 'commit', { epoch: 1, parent: null, ...first, ...body });
  await assertRefused(commit({ parent: 'commit-9' }), 409, 'parent_mismatch');
  await assertRefused(commit(second), 400, 'invalid_value');
  await assertRefused(commit({ segment: { ...first.segment, first_frame: 4 } }), 400, 'invalid_value');
  await assertRefused(commit({ segment: { ...first.segment, frames: 9 } }), 400, 'invalid_value');
  assert.equal((await commit({})).status, 200);
  await assertRefused(commit(second), 409, 'parent_mismatch');
});

test('a commit that names objects which are not there as said is refused', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const { segment, checkpoint } = await prepare(claim, video_id, 0);
  const commit = (media: Partial<Asset>) =>
    edge.call(video_id, 'commit', { epoch: 1, parent: null, checkpoint, segment: { ...segment, media: { ...segment.media, ...media } } });
  await assertRefused(commit({ key: segmentKey(video_id, 1, 9) }), 404, 'asset_not_found');
  await assertRefused(commit({ bytes: 1 }), 400, 'asset_corrupt');
  await assertRefused(commit({ sha256: '0'.repeat(64) }), 400, 'asset_corrupt');
  await assertRefused(commit({ key: segmentKey(video_id, 2, 0) }), 400, 'invalid_value');
  assert.equal((await commit({})).status, 200);
});

test('completion waits for every frame, names the last commit, and only points to objects that exist', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const final = await finalAssets(claim, video_id);
  const parent = await commitChunks(claim, video_id, 0, 1);
  await assertRefused(edge.call(video_id, 'complete', { epoch: 1, parent, ...final }), 400, 'invalid_value');
  const last = await commitChunks({ ...claim, parent }, video_id, 1, 2);
  await assertRefused(edge.call(video_id, 'complete', { epoch: 1, parent, ...final }), 409, 'parent_mismatch');
  const absent = { ...final, video: { ...final.video, key: `${final.video.key}x` } };
  await assertRefused(edge.call(video_id, 'complete', { epoch: 1, parent: last, ...absent }), 404, 'asset_not_found');
  assert.equal((await edge.view(video_id)).status, 'in_progress');
});

test('a failed video says why, keeps nobody waiting, and its content is refused', async () => {
  const video_id = await edge.create();
  await edge.claim(video_id);
  const request = { epoch: 1, code: 'generation_failed', message: 'CUDA error 700 on host 10.0.0.7' };
  assert.deepEqual((await edge.call(video_id, 'fail', request)).body, { status: 'failed' });
  assert.deepEqual((await edge.call(video_id, 'fail', request)).body, { status: 'failed' }, 'repeated');
  const view = await edge.view(video_id);
  const { code, message } = view.error as { code: string; message: string };
  assert.deepEqual([view.status, code, view.completed_at], ['failed', 'generation_failed', null]);
  assert.doesNotMatch(message, /CUDA|10\.0/);
  const content = await edge.asOwner(`/v1/videos/${video_id}/content`);
  assert.deepEqual([content.status, content.headers.get('x-should-retry')], [409, 'false']);
  assert.match(await content.text(), /video_failed/);
  await assertRefused(edge.call(video_id, 'claim', { worker_id: 'worker-2' }), 409, 'video_finished');
});

test('a release for an error counts as an attempt, and the third without progress fails the video', async () => {
  const video_id = await edge.create();
  for (const status of ['queued', 'queued', 'failed']) {
    const { epoch } = await edge.claim(video_id);
    assert.deepEqual((await edge.call(video_id, 'release', { epoch, reason: 'error' })).body, { status });
  }
  const view = await edge.view(video_id);
  assert.equal((view.error as { code: string }).code, 'worker_lost');
});

test('calls without the worker token, with a wrong body or about no video are refused', async () => {
  const video_id = await edge.create();
  for (const action of ['claim', 'beat', 'commit', 'complete', 'fail', 'release']) {
    const path = `/internal/v1/videos/${video_id}/${action}`;
    for (const authorization of ['', 'Bearer wrong', `Bearer ${edge.key.text}`]) {
      const response = await edge.request(path, { method: 'POST', headers: { authorization }, body: '{}' });
      assert.deepEqual([response.status, ((await response.json()) as ErrorBody).error.code], [401, 'invalid_worker_token'], path);
    }
    await assertRefused(edge.call(video_id, action, {}), 400, 'invalid_value');
    await assertRefused(edge.call(video_id, action, []), 400, 'invalid_json');
    await assertRefused(edge.call('video_1', action, {}), 404, 'video_not_found');
  }
  await assertRefused(edge.call(`video_${'0'.repeat(32)}`, 'claim', { worker_id: 'w' }), 404, 'video_not_found');
  const events = await edge.request(`/internal/v1/videos/${video_id}/events`);
  assert.equal(events.status, 401);
});

interface ErrorBody {
  readonly error: { readonly code: string };
}

async function assertUpload(response: Response, status: number, code?: string): Promise<void> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  if (code) assert.equal((JSON.parse(text) as ErrorBody).error.code, code);
}

test('an object is written once: the same bytes again are welcome, others are refused, wrong ones not stored', async () => {
  const video_id = await edge.create();
  const { ticket } = await edge.claim(video_id);
  const key = segmentKey(video_id, 1, 0);
  await assertUpload(await edge.upload(ticket, key, textBytes('sent'), sha256Hex(textBytes('meant'))), 400, 'asset_corrupt');
  assert.equal(await edge.env.MEDIA.head(key), null);
  await assertUpload(await edge.upload(ticket, key, textBytes('first')), 201);
  await assertUpload(await edge.upload(ticket, key, textBytes('first')), 200);
  await assertUpload(await edge.upload(ticket, key, textBytes('other')), 409, 'asset_exists');
  const read = await edge.request(`/internal/v1/assets/${key}`, { headers: { authorization: `Ticket ${ticket}` } });
  assert.equal(await read.text(), 'first');
});

test('a file is streamed in with its length', async () => {
  const video_id = await edge.create();
  const { ticket } = await edge.claim(video_id);
  const path = new URL(import.meta.url).pathname;
  const { size } = await stat(path);
  const sha256 = sha256Hex(new Uint8Array(await new Response(createReadStream(path) as unknown as BodyInit).arrayBuffer()));
  const response = await fetch(`${edge.address}internal/v1/assets/${finalKey(video_id, 1)}`, {
    method: 'PUT',
    headers: { authorization: `Ticket ${ticket}`, 'x-content-sha256': sha256, 'content-length': String(size) },
    body: createReadStream(path) as unknown as BodyInit,
    duplex: 'half',
  } as RequestInit);
  await assertUpload(response, 201);
});

test('an upload of unknown or forbidden length, or without checksum, is refused', async () => {
  const video_id = await edge.create();
  const { ticket } = await edge.claim(video_id);
  const put = (headers: Record<string, string>, body: BodyInit) =>
    edge.request(`/internal/v1/assets/${segmentKey(video_id, 1, 0)}`, {
      ...{ method: 'PUT', headers: { authorization: `Ticket ${ticket}`, ...headers }, body, duplex: 'half' },
    } as RequestInit);
  const sha256 = { 'x-content-sha256': sha256Hex(textBytes('a')) };
  await assertUpload(await put(sha256, new Blob(['a']).stream() as unknown as BodyInit), 411, 'length_required');
  await assertUpload(await put(sha256, ''), 400, 'invalid_value');
  await assertUpload(await put({}, 'a'), 400, 'invalid_value');
  await assertUpload(await put({ 'x-content-sha256': 'abc' }, 'a'), 400, 'invalid_value');
  await assertUpload(await put(sha256, new Uint8Array(ASSET_MAX_BYTES + 1)), 413, 'body_too_large');
});

test('a ticket opens its own epoch for writing and its own video for reading, until it expires', async () => {
  const video_id = await edge.create();
  const { ticket } = await edge.claim(video_id);
  const own = segmentKey(video_id, 1, 0);
  await uploadText(edge, ticket, own);
  const expires_at_ms = Date.now() + 60_000;
  const later = await signTicket(TICKET_SECRET, { video_id, epoch: 2, expires_at_ms });
  const expired = await signTicket(TICKET_SECRET, { video_id, epoch: 1, expires_at_ms: Date.now() - 1 });
  const forged = await signTicket('another secret', { video_id, epoch: 1, expires_at_ms });
  const foreign = await signTicket(TICKET_SECRET, { video_id: `video_${'1'.repeat(32)}`, epoch: 1, expires_at_ms });

  const write = async (text: string, key: string) => assertUpload(await edge.upload(text, key, textBytes('x')), 403, 'invalid_ticket');
  await write(later, segmentKey(video_id, 1, 1));
  await write(expired, segmentKey(video_id, 1, 1));
  await write(forged, segmentKey(video_id, 1, 1));
  await write(foreign, segmentKey(video_id, 1, 1));
  await write('nonsense', segmentKey(video_id, 1, 1));
  for (const key of [segmentKey(video_id, 2, 0), `videos/${video_id}/1/a%2F..%2F..%2F2%2Fb`, `videos/${video_id}/1/`, 'a'])
    await write(ticket, key);

  const read = async (text: string, key = own) =>
    (await edge.request(`/internal/v1/assets/${key}`, { headers: { authorization: `Ticket ${text}` } })).status;
  assert.deepEqual([await read(ticket), await read(later), await read(ticket, checkpointKey(video_id, 1, 5))], [200, 200, 404]);
  assert.deepEqual([await read(expired), await read(forged), await read(foreign), await read('')], [403, 403, 403, 403]);
  const token = await edge.request(`/internal/v1/assets/${own}`, { headers: { authorization: `Bearer ${WORKER_TOKEN}` } });
  assert.equal(token.status, 403);
});

test('finished content is served whole, in part, conditionally and as head, each with the right headers', async (t) => {
  const { video_id } = await completedVideo();
  const text = `content of ${finalKey(video_id, 1)}`;
  const bytes = text.length;
  const etag = `"${sha256Hex(textBytes(text))}"`;
  const cases: readonly (readonly [string, Record<string, string>, number, string | undefined, string | undefined])[] = [
    ['everything', {}, 200, text, undefined],
    ['a first part', { range: 'bytes=0-3' }, 206, text.slice(0, 4), `bytes 0-3/${bytes}`],
    ['an open range', { range: 'bytes=10-' }, 206, text.slice(10), `bytes 10-${bytes - 1}/${bytes}`],
    ['a suffix', { range: 'bytes=-5' }, 206, text.slice(-5), `bytes ${bytes - 5}-${bytes - 1}/${bytes}`],
    ['a suffix longer than the content', { range: 'bytes=-9999' }, 206, text, `bytes 0-${bytes - 1}/${bytes}`],
    ['an end behind the content', { range: 'bytes=4-9999' }, 206, text.slice(4), `bytes 4-${bytes - 1}/${bytes}`],
    ['a start behind the content', { range: `bytes=${bytes}-` }, 416, undefined, `bytes */${bytes}`],
    ['an empty suffix', { range: 'bytes=-0' }, 416, undefined, `bytes */${bytes}`],
    ['several ranges', { range: 'bytes=0-1,4-5' }, 200, text, undefined],
    ['a backward range', { range: 'bytes=5-2' }, 200, text, undefined],
    ['another unit', { range: 'frames=0-1' }, 200, text, undefined],
    ['a known ETag', { 'if-none-match': etag }, 304, '', undefined],
    ['a weak known ETag in a list', { 'if-none-match': `"x", W/${etag}` }, 304, '', undefined],
    ['any ETag', { 'if-none-match': '*' }, 304, '', undefined],
    ['another ETag', { 'if-none-match': '"x"' }, 200, text, undefined],
    ['the expected ETag', { 'if-match': etag, range: 'bytes=0-0' }, 206, text.slice(0, 1), `bytes 0-0/${bytes}`],
    ['an unexpected ETag', { 'if-match': '"x"' }, 412, undefined, undefined],
    ['a range of the known content', { 'if-range': etag, range: 'bytes=0-1' }, 206, text.slice(0, 2), `bytes 0-1/${bytes}`],
    ['a range of other content', { 'if-range': '"x"', range: 'bytes=0-1' }, 200, text, undefined],
  ];
  for (const [claim, headers, status, body, content_range] of cases) {
    await t.test(claim, async () => {
      const answer = await edge.asOwner(`/v1/videos/${video_id}/content`, { headers });
      const received = await answer.text();
      assert.equal(answer.status, status, received);
      assert.equal(answer.headers.get('content-range') ?? undefined, content_range);
      assert.equal(answer.headers.get('etag'), etag);
      assert.equal(answer.headers.get('accept-ranges'), 'bytes');
      assert.ok(answer.headers.get('x-request-id'));
      if (body === undefined) return;
      assert.equal(received, body);
      if (status !== 304) assert.equal(answer.headers.get('content-length'), String(body.length));

      const head = await edge.asOwner(`/v1/videos/${video_id}/content`, { method: 'HEAD', headers });
      assert.equal(await head.text(), '');
      for (const name of ['content-length', 'content-range', 'content-type', 'content-disposition', 'etag', 'cache-control']) {
        assert.equal(head.headers.get(name), answer.headers.get(name), `HEAD ${name}`);
      }
    });
  }
});

test('each variant has its own bytes, type and file name', async () => {
  const { video_id } = await completedVideo();
  for (const [variant, key, content_type, extension] of [
    ['video', finalKey(video_id, 1), 'video/mp4', 'mp4'],
    ['thumbnail', thumbnailKey(video_id, 1), 'image/jpeg', 'jpg'],
  ] as const) {
    const answer = await edge.asOwner(`/v1/videos/${video_id}/content?variant=${variant}`);
    assert.equal(await answer.text(), `content of ${key}`);
    assert.equal(answer.headers.get('content-type'), content_type);
    assert.equal(answer.headers.get('content-disposition'), `inline; filename="${video_id}.${extension}"`);
  }
});
