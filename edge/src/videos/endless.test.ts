/** Videos without an end of their own: paid for block by block, ended by their owner, their credits or their limit, and completed with what was made. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ClaimAnswer, ENDLESS_BLOCK_SECONDS } from '@everframe/shared';
import { type KeyColumns, startEdge, type TestEdge } from '../testing/edge.ts';
import { until } from '../testing/until.ts';
import { commitChunks, finalAssets, prepare } from '../testing/worker.ts';

const ENDLESS = { prompt: 'a red ball', seconds: 'endless' };
const MAX_SECONDS = 150;
/** Of the served package. */
const MICRO_USD_PER_SECOND = 1000;

let edge: TestEdge;
let accounts = 0;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '600', ENDLESS_MAX_SECONDS: String(MAX_SECONDS) });
});
after(() => edge?.close());

/** An account with so much credit, its key, and what it asks. */
async function openAccount(micro_usd: number, columns: KeyColumns = {}) {
  const account_id = `account_endless_${accounts++}`;
  const key = await edge.addKey(account_id, columns);
  await edge.setAccount(account_id, { billing: 'prepaid' });
  const account = edge.env.ACCOUNT.getByName(account_id);
  await account.grant('grant_1', micro_usd);
  const ask = edge.as(key);
  const post = (path: string, body: object = {}) =>
    ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return {
    key,
    post,
    create: async (fields: object = ENDLESS) => {
      const response = await post('/v1/videos', fields);
      assert.equal(response.status, 200, await response.clone().text());
      return (await response.json()) as Record<string, unknown> & { id: string };
    },
    view: async (id: string) => (await (await ask(`/v1/videos/${id}`)).json()) as Record<string, unknown>,
    balance: async () => (await account.summary()).balance_micro_usd,
    entries: async () => (await account.entries({ before: null, limit: 100 })).toReversed(),
  };
}

/** Commits one chunk that is as long as it is said to be. */
async function commitSeconds(
  claim: ClaimAnswer,
  id: string,
  parent: string | null,
  chunk_index: number,
  first_frame: number,
  seconds: number,
) {
  const { segment, checkpoint } = await prepare(edge, claim, id, chunk_index);
  const frames = seconds * 8;
  const request = { epoch: claim.epoch, parent, checkpoint, segment: { ...segment, first_frame, frames } };
  const { status, body } = await edge.call(id, 'commit', request);
  assert.equal(status, 200, JSON.stringify(body));
  return { parent: String(body.commit_id), directives: (body.directives ?? []) as { type: string }[], request };
}

async function complete(claim: ClaimAnswer, id: string, parent: string | null) {
  return edge.call(id, 'complete', { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, id)) });
}

test('an endless video is stopped by its owner and completed with what was made, which is all that it costs', async () => {
  const account = await openAccount(100_000);
  const created = await account.create();
  const { id } = created;
  assert.deepEqual([created.seconds, created.frames, created.ended_by], ['endless', { done: 0, total: null }, null]);
  assert.equal(await account.balance(), 100_000 - ENDLESS_BLOCK_SECONDS * MICRO_USD_PER_SECOND);
  const claim = await edge.claim(id);
  assert.deepEqual([claim.command.endless, claim.command.seconds, claim.directives], [true, MAX_SECONDS, undefined]);
  let parent = await commitChunks(edge, claim, id, 0, 3);
  assert.equal((await complete(claim, id, parent)).status, 400, 'nobody ended it');

  for (let i = 0; i < 2; i++) {
    const stopped = (await (await account.post(`/v1/videos/${id}/cancel`)).json()) as Record<string, unknown>;
    assert.deepEqual([stopped.status, stopped.progress, stopped.ended_by], ['in_progress', 0, 'owner']);
  }
  const late = await account.post(`/v1/videos/${id}/prompts`, { prompt: 'a blue ball' });
  assert.equal(((await late.json()) as { error: { code: string } }).error.code, 'prompt_too_late');
  const { body } = await edge.call(id, 'beat', { epoch: 1 });
  assert.deepEqual(body.directives, [{ type: 'stop', id: 'stop' }]);
  assert.equal((await edge.events(id)).filter((type) => type === 'ending').length, 1);

  await edge.call(id, 'release', { epoch: 1, reason: 'shutdown' });
  const second = await edge.claim(id, 'worker-2');
  assert.deepEqual(second.directives, [{ type: 'stop', id: 'stop' }], 'whoever goes on is told again');
  parent = await commitChunks(edge, second, id, 3, 4);
  assert.deepEqual((await complete(second, id, parent)).body, { status: 'completed' });
  const view = await account.view(id);
  assert.deepEqual(
    [view.status, view.progress, view.seconds, view.frames, view.ended_by],
    ['completed', 100, '2', { done: 16, total: 16 }, 'owner'],
  );
  assert.deepEqual(view.usage, { estimated_micro_usd: 60_000, charged_micro_usd: 2000 });
  await until('settled', async () => (await account.balance()) === 98_000);
  assert.equal(((await (await account.post(`/v1/videos/${id}/cancel`)).json()) as Record<string, unknown>).status, 'completed');
  const record = await edge.env.VIDEO.getByName(id).view();
  assert.deepEqual(
    [record?.command.frames, record?.command.seconds, record?.command.endless],
    [16, 2, undefined],
    'a video like any other',
  );
  const remix = (await (await account.post(`/v1/videos/${id}/remix`, { prompt: 'a blue ball' })).json()) as Record<string, unknown>;
  assert.equal(remix.seconds, 'endless');
});

test('an endless video without a frame is cancelled like any other, and costs nothing', async () => {
  const account = await openAccount(100_000);
  const { id } = await account.create();
  await edge.claim(id);
  const cancelled = (await (await account.post(`/v1/videos/${id}/cancel`)).json()) as { status: string; error: { code: string } };
  assert.deepEqual([cancelled.status, cancelled.error.code], ['failed', 'cancelled']);
  await until('released', async () => (await account.balance()) === 100_000);
});

test('credits are put aside block by block, once each, and when none are left the video ends', async () => {
  const account = await openAccount(100_500);
  const { id } = await account.create();
  const claim = await edge.claim(id);
  const first = await commitSeconds(claim, id, null, 0, 0, 30);
  assert.equal(await account.balance(), 40_500, 'half a block is still enough');
  const second = await commitSeconds(claim, id, first.parent, 1, 240, 28);
  assert.equal(await account.balance(), 500, 'the rest in whole seconds');
  assert.deepEqual((await edge.call(id, 'commit', second.request)).body.commit_id, second.parent);
  assert.equal(await account.balance(), 500, 'repeated, it takes nothing more');
  const view = await account.view(id);
  assert.deepEqual([view.usage, view.ended_by], [{ estimated_micro_usd: 100_000, charged_micro_usd: null }, null]);

  const third = await commitSeconds(claim, id, second.parent, 2, 464, 38);
  assert.deepEqual(third.directives, [{ type: 'stop', id: 'stop' }]);
  assert.equal((await account.view(id)).ended_by, 'credits');
  const last = await commitSeconds(claim, id, third.parent, 3, 768, 10);
  await complete(claim, id, last.parent);
  await until('settled', async () => (await account.balance()) === 500);
  const { seconds, usage } = await account.view(id);
  assert.deepEqual(
    [seconds, usage],
    ['106', { estimated_micro_usd: 100_000, charged_micro_usd: 100_000 }],
    'never more than was put aside',
  );
  assert.deepEqual(
    (await account.entries()).map(({ kind, part, micro_usd, seconds }) => [kind, part, micro_usd, seconds]),
    [
      ['grant', 0, 100_500, 0],
      ['reserve', 0, -60_000, 60],
      ['reserve', 1, -40_000, 40],
      ['release', 0, 100_000, 0],
      ['capture', 0, -100_000, 106],
    ],
  );
});

test("an endless video ends at the operator's limit by itself", async () => {
  const account = await openAccount(1_000_000);
  const { id } = await account.create();
  const claim = await edge.claim(id);
  let parent: string | null = null;
  for (let chunk = 0; chunk < 3; chunk++) ({ parent } = await commitSeconds(claim, id, parent, chunk, chunk * 400, 50));
  await complete(claim, id, parent);
  const view = await account.view(id);
  assert.deepEqual([view.status, view.seconds, view.ended_by], ['completed', '150', 'limit']);
  await until('settled', async () => (await account.balance()) === 850_000);
});

test('a key ends what it may not pay for: its budget, its bound for one video, or its own end', async () => {
  const bounds = [{ budget_micro_usd: 70_000 }, { max_micro_usd_per_video: 65_000 }];
  for (const [columns, seconds] of [[bounds[0], 70] as const, [bounds[1], 65] as const]) {
    const account = await openAccount(1_000_000, columns);
    const { id } = await account.create();
    const claim = await edge.claim(id);
    const { parent } = await commitSeconds(claim, id, null, 0, 0, 58);
    assert.equal(await account.balance(), 1_000_000 - seconds * MICRO_USD_PER_SECOND);
    const { directives } = await commitSeconds(claim, id, parent, 1, 464, seconds - 58 - 1);
    assert.deepEqual(directives, [{ type: 'stop', id: 'stop' }]);
  }
  const revoked = await openAccount(1_000_000);
  const { id } = await revoked.create();
  const claim = await edge.claim(id);
  await edge.env.DB.prepare('UPDATE api_keys SET revoked_at_ms = 1 WHERE id = ?').bind(revoked.key.id).run();
  const { directives } = await commitSeconds(claim, id, null, 0, 0, 58);
  assert.deepEqual(directives, [{ type: 'stop', id: 'stop' }]);
});

test('an estimate of an endless video is its first block, which must be there', async () => {
  const account = await openAccount(59_999);
  const estimate = (await (await account.post('/v1/videos/estimate', ENDLESS)).json()) as Record<string, unknown>;
  assert.deepEqual([estimate.seconds, estimate.micro_usd], ['endless', 60_000]);
  const refused = await account.post('/v1/videos', ENDLESS);
  assert.deepEqual([refused.status, await account.balance()], [402, 59_999]);
});

test('a deleted endless video is charged what it delivered', async () => {
  const account = await openAccount(100_000);
  const { id } = await account.create();
  const claim = await edge.claim(id);
  await commitChunks(edge, claim, id, 0, 2);
  await edge.as(account.key)(`/v1/videos/${id}`, { method: 'DELETE' });
  await until('settled', async () => (await account.balance()) === 99_000);
  assert.equal((await edge.call(id, 'beat', { epoch: 1 })).status, 404);
});

test('the claim of a video of 10,000 frames is an answer that any worker can read', async (t) => {
  const account = await openAccount(1_000_000);
  const { id } = await account.create();
  const claim = await edge.claim(id);
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: id });
  const { segment, checkpoint } = await prepare(edge, claim, id, 0);
  await storage.exec(
    `WITH RECURSIVE chunks (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM chunks WHERE n < 1249)
     INSERT INTO commits (chunk_index, segment, checkpoint)
     SELECT n, json_set(?, '$.chunk_index', n, '$.first_frame', 8 * n, '$.frames', 8, '$.media.key', replace(?, 'segment-0', 'segment-' || n)), ?
     FROM chunks`,
    ...[JSON.stringify(segment), segment.media.key, JSON.stringify(checkpoint)],
  );
  await edge.call(id, 'release', { epoch: 1, reason: 'shutdown' });
  const { status, body } = await edge.call(id, 'claim', { worker_id: 'worker-2' });
  assert.equal(status, 200);
  const bytes = JSON.stringify(body).length;
  assert.equal((body.segments as unknown[]).length, 1250);
  assert.ok(bytes < 1_000_000, `${bytes} bytes`);
  t.diagnostic(`${bytes} bytes for 1,250 chunks`);
});
