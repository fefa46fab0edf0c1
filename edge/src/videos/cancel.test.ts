/** A video whose owner cancels it: with frames of its own it is brought to its end and delivered, whoever dies on the way; without any it just ends. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ClaimAnswer } from '@everframe/shared';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { until } from '../testing/until.ts';
import { commitChunks, finalAssets, prepare } from '../testing/worker.ts';

type View = Record<string, unknown> & { readonly status: string; readonly error: { readonly code: string } | null };

const GRANT = 10_000;
const STOP = { type: 'stop', id: 'stop' };

let edge: TestEdge;
let accounts = 0;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '600' });
});
after(() => edge?.close());

/** A video of 4 seconds, which are 32 frames, that a worker has, and what its owner can do. */
async function begin(chunks: number) {
  const account_id = `account_cancel_${accounts++}`;
  const ask = edge.as(await edge.addKey(account_id));
  await edge.setAccount(account_id, { billing: 'prepaid' });
  const account = edge.env.ACCOUNT.getByName(account_id);
  await account.grant('grant_1', GRANT);
  const post = (path: string, body: object) =>
    ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const { id } = (await (await post('/v1/videos', { prompt: 'a red ball', seconds: 4 })).json()) as { id: string };
  const claim = await edge.claim(id);
  const parent = await commitChunks(edge, claim, id, 0, chunks);
  return {
    id,
    claim,
    parent,
    post,
    ask,
    cancel: () => post(`/v1/videos/${id}/cancel`, {}),
    view: async () => (await (await ask(`/v1/videos/${id}`)).json()) as View,
    balance: async () => (await account.summary()).balance_micro_usd,
  };
}

async function complete(claim: ClaimAnswer, id: string, parent: string | null) {
  return edge.call(id, 'complete', { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, id)) });
}

test('a cancelled video is completed with what was made, which can be downloaded and is all that it costs', async () => {
  const { id, claim, cancel, view, balance, post, ask } = await begin(2);
  for (let i = 0; i < 2; i++) {
    const response = await cancel();
    const { status, ended_by, error, usage } = (await response.json()) as View;
    assert.deepEqual([response.status, status, ended_by, error], [200, 'in_progress', 'owner', null]);
    assert.deepEqual(usage, { estimated_micro_usd: 4000, charged_micro_usd: null });
  }
  const late = (await (await post(`/v1/videos/${id}/prompts`, { prompt: 'a blue ball' })).json()) as View;
  assert.equal(late.error?.code, 'prompt_too_late');
  assert.deepEqual((await edge.call(id, 'beat', { epoch: 1 })).body.directives, [STOP]);

  await edge.call(id, 'release', { epoch: 1, reason: 'shutdown' });
  const waiting = await view();
  assert.deepEqual([waiting.status, waiting.ended_by], ['queued', 'owner']);
  assert.equal(((await (await cancel()).json()) as View).status, 'queued', 'the next worker delivers');
  const second = await edge.claim(id, 'worker-2');
  assert.deepEqual(second.directives, [STOP], 'whoever goes on is told again');
  const parent = await commitChunks(edge, second, id, 2, 3);
  assert.equal((await complete(claim, id, parent)).status, 409, 'the first worker is too late');
  assert.deepEqual((await complete(second, id, parent)).body, { status: 'completed' });

  const { status, progress, seconds, frames, ended_by, usage } = await view();
  assert.deepEqual([status, progress, seconds, frames, ended_by], ['completed', 100, '1.5', { done: 12, total: 12 }, 'owner']);
  assert.deepEqual(usage, { estimated_micro_usd: 4000, charged_micro_usd: 1500 });
  await until('settled', async () => (await balance()) === GRANT - 1500);
  assert.equal((await ask(`/v1/videos/${id}/content`)).status, 200);
  assert.equal(((await (await cancel()).json()) as View).status, 'completed', 'still safe to repeat');
  assert.deepEqual((await edge.events(id)).slice(-3), ['claimed', 'committed', 'completed']);
  assert.equal((await edge.events(id)).filter((type) => type === 'ending').length, 1);
});

test('without a frame it ends at once and costs nothing, queued or at work', async () => {
  const { id, cancel, view, balance } = await begin(0);
  for (let i = 0; i < 2; i++) {
    const { status, error, ended_by } = (await (await cancel()).json()) as View;
    assert.deepEqual([status, error?.code, ended_by], ['failed', 'cancelled', null]);
  }
  assert.deepEqual((await view()).usage, { estimated_micro_usd: 4000, charged_micro_usd: 0 });
  await until('released', async () => (await balance()) === GRANT);
  for (const [call, body] of [
    ['beat', { epoch: 1 }],
    ['claim', { worker_id: 'another' }],
  ] as const) {
    const { status, body: answer } = await edge.call(id, call, body);
    assert.deepEqual([status, (answer.error as { code: string }).code], [409, 'video_finished'], call);
  }
});

test('a cancellation that comes when all is made changes nothing, and behind the end it is refused', async () => {
  const { id, claim, parent, cancel, view, balance } = await begin(8);
  assert.equal(((await (await cancel()).json()) as View).status, 'in_progress');
  assert.equal((await complete(claim, id, parent)).status, 200);
  const { seconds, usage } = await view();
  assert.deepEqual([seconds, usage], ['4', { estimated_micro_usd: 4000, charged_micro_usd: 4000 }]);
  await until('settled', async () => (await balance()) === GRANT - 4000);

  const done = await begin(8);
  await complete(done.claim, done.id, done.parent);
  const refused = await done.cancel();
  assert.deepEqual([refused.status, ((await refused.json()) as View).error?.code], [409, 'video_finished']);
});

test('a cancelled video that no worker can bring to its end fails, and costs nothing', async () => {
  const { id, cancel, view, balance } = await begin(1);
  await cancel();
  const release = (epoch: number) => edge.call(id, 'release', { epoch, reason: 'error', code: 'signing_failed' });
  await release(1);
  for (let attempt = 2; attempt <= 4; attempt++) {
    const { epoch } = await edge.claim(id, `worker-${attempt}`);
    await release(epoch);
  }
  const { status, error, usage } = await view();
  assert.deepEqual([status, error?.code], ['failed', 'signing_failed']);
  assert.deepEqual(usage, { estimated_micro_usd: 4000, charged_micro_usd: 0 });
  await until('released', async () => (await balance()) === GRANT);
  assert.equal((await cancel()).status, 409);
});

test('one that is deleted on its way to its end is charged what was committed by then', async () => {
  const { id, claim, parent, cancel, balance, ask } = await begin(2);
  await cancel();
  await ask(`/v1/videos/${id}`, { method: 'DELETE' });
  assert.equal((await complete(claim, id, parent)).status, 404);
  await until('settled', async () => (await balance()) === GRANT - 1000);
});

test('chunks that were in hand still count, up to the length that was asked for', async () => {
  const { id, claim, parent: seventh, cancel, view } = await begin(7);
  await cancel();
  const parent = await commitChunks(edge, { ...claim, parent: seventh }, id, 7, 8);
  const more = { epoch: 1, parent, ...(await prepare(edge, claim, id, 8)) };
  assert.equal((await edge.call(id, 'commit', more)).status, 400);
  await complete(claim, id, parent);
  assert.deepEqual((await view()).frames, { done: 32, total: 32 });
});

test('a video that was told to end before this version knew of it ends the same way', async () => {
  const { id, cancel, view } = await begin(1);
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: id });
  const endless = JSON.stringify({ paid_seconds: 60, blocks: 1, bytes: 1, ended_by: 'credits' });
  await storage.exec("UPDATE video SET state = json_set(json_remove(state, '$.ended_by'), '$.endless', json(?))", endless);
  assert.equal((await view()).ended_by, 'credits');
  assert.deepEqual((await edge.call(id, 'beat', { epoch: 1 })).body.directives, [STOP]);
  assert.equal(((await (await cancel()).json()) as View).ended_by, 'credits', 'the first reason stays');
});
