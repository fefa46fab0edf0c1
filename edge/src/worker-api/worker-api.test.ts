/** The worker protocol against the real Worker: one video's way, and everything that must be refused on it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Asset, checkpointKey, segmentKey } from '@everframe/shared';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { commitChunks, finalAssets, prepare } from '../testing/worker.ts';

let edge: TestEdge;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '60' });
});
after(() => edge?.close());

async function assertRefused(answer: Promise<{ status: number; headers: Headers; body: object }>, status: number, code: string) {
  const { body, ...rest } = await answer;
  const { error } = body as { error: { code: string; message: string } };
  assert.deepEqual([rest.status, error?.code], [status, code], JSON.stringify(body));
  assert.equal(rest.headers.get('x-should-retry'), status === 409 ? 'false' : null);
}

test('a video goes from claim over commits to completion, and its owner sees every step', async () => {
  const video_id = await edge.create({ prompt: 'a red ball', seconds: 1, seed: 7 });
  const claim = await edge.claim(video_id);
  const { ticket, command, prompt_key, request_id, mark, ...rest } = claim;
  assert.match(String(request_id), /^req_[0-9a-f]{32}$/);
  assert.match(String(mark), /^[0-9a-f]{12}$/);
  assert.deepEqual(
    { ...rest, created_at_ms: 0 },
    {
      ...{ epoch: 1, lease_seconds: 60, created_at_ms: 0, parent: null, segments: [], checkpoint: null, lineage: null, source: null },
      fingerprint: { hashes: [], cells: [] },
    },
  );
  assert.deepEqual([command.prompt, command.seed, command.frames], ['a red ball', 7, 8]);
  assert.equal((await edge.view(video_id)).status, 'in_progress');

  const first = await prepare(edge, claim, video_id, 0);
  const committed = await edge.call(video_id, 'commit', { epoch: 1, parent: null, ...first });
  assert.equal(committed.body.lease_seconds, 60);
  assert.deepEqual((await edge.view(video_id)).frames, { done: 4, total: 8 });
  assert.equal((await edge.view(video_id)).progress, 50);

  const second = await prepare(edge, claim, video_id, 1);
  const last = await edge.call(video_id, 'commit', { epoch: 1, parent: committed.body.commit_id, ...second });
  assert.equal((await edge.view(video_id)).progress, 99);
  const final = await finalAssets(edge, claim, video_id);
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

test('a claim whose answer was lost is answered again to its worker, until something was committed', async () => {
  const video_id = await edge.create();
  const first = await edge.claim(video_id);
  const again = await edge.claim(video_id);
  assert.deepEqual({ ...again, ticket: '' }, { ...first, ticket: '' });
  assert.deepEqual(await edge.events(video_id), ['queued', 'claimed']);
  await commitChunks(edge, again, video_id, 0, 1);
  await assertRefused(edge.call(video_id, 'claim', { worker_id: 'worker-1' }), 409, 'lease_held');
});

test('a released video is claimed again under a new epoch with all that was committed, and the old epoch is refused everything', async () => {
  const video_id = await edge.create();
  const old = await edge.claim(video_id);
  const parent = await commitChunks(edge, old, video_id, 0, 1);
  const late = await prepare(edge, old, video_id, 1);
  const final = await finalAssets(edge, old, video_id);
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
  assert.equal(await commitChunks(edge, claim, video_id, 1, 2).then((id) => id !== null), true);
  assert.deepEqual(await edge.events(video_id), ['queued', 'claimed', 'committed', 'released', 'claimed', 'committed']);
});

test('an object that was evicted goes on where it was', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(edge, claim, video_id, 0, 1);
  await edge.worker.evictDurableObject('VIDEO', { name: video_id });
  assert.notEqual(await commitChunks(edge, { ...claim, parent }, video_id, 1, 2), parent);
  assert.deepEqual((await edge.view(video_id)).frames, { done: 8, total: 8 });
});

test('the very same commit again answers the same and adds nothing', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const request = { epoch: 1, parent: null, ...(await prepare(edge, claim, video_id, 0)) };
  const once = await edge.call(video_id, 'commit', request);
  const twice = await edge.call(video_id, 'commit', request);
  assert.deepEqual([twice.status, twice.body.commit_id], [200, once.body.commit_id]);
  assert.deepEqual(await edge.events(video_id), ['queued', 'claimed', 'committed']);
});

test('a commit that does not follow on the last one, or exceeds the video, is refused', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const first = await prepare(edge, claim, video_id, 0);
  const second = await prepare(edge, claim, video_id, 1);
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
  const { segment, checkpoint } = await prepare(edge, claim, video_id, 0);
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
  const final = await finalAssets(edge, claim, video_id);
  const parent = await commitChunks(edge, claim, video_id, 0, 1);
  await assertRefused(edge.call(video_id, 'complete', { epoch: 1, parent, ...final }), 400, 'invalid_value');
  const last = await commitChunks(edge, { ...claim, parent }, video_id, 1, 2);
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

test('a release for an error counts as an attempt, and the third without progress fails the video with its code', async () => {
  const video_id = await edge.create();
  for (const status of ['queued', 'queued', 'failed']) {
    const { epoch } = await edge.claim(video_id);
    await assertRefused(edge.call(video_id, 'release', { epoch, reason: 'error' }), 400, 'invalid_value');
    assert.deepEqual((await edge.call(video_id, 'release', { epoch, reason: 'error', code: 'encoding_failed' })).body, { status });
    assert.equal((await edge.view(video_id)).status, status);
  }
  const view = await edge.view(video_id);
  assert.equal((view.error as { code: string }).code, 'encoding_failed');
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
