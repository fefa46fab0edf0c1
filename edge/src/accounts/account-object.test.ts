/** Money and turns on the real Worker: from the reservation to the charge, with what breaks in between. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiKey, type ClaimAnswer, videoPrefix } from '@everframe/shared';
import { PACKAGES } from '../catalogue.ts';
import { type EdgeWithQueue, startEdgeWithQueue } from '../testing/edge-with-queue.ts';
import { until } from '../testing/until.ts';
import { commitChunks, finalAssets } from '../testing/worker.ts';

let edge: EdgeWithQueue;

before(async () => {
  edge = await startEdgeWithQueue();
});
after(() => edge?.close());

let accounts = 0;

/** An account of its own, with credits where they are given. */
async function newAccount(columns: Parameters<EdgeWithQueue['setAccount']>[1] = {}, micro_usd = 0): Promise<{ id: string; key: ApiKey }> {
  const id = `account_money_${++accounts}`;
  const key = await edge.addKey(id);
  if (Object.keys(columns).length > 0) await edge.setAccount(id, columns);
  if (micro_usd > 0) await edge.env.ACCOUNT.getByName(id).grant('grant_1', micro_usd);
  return { id, key };
}

function create(key: ApiKey, seconds = 1): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return edge.as(key)('/v1/videos', { method: 'POST', headers, body: JSON.stringify({ prompt: 'a red ball', seconds }) });
}

async function created(key: ApiKey, seconds = 1): Promise<string> {
  const response = await create(key, seconds);
  const body = (await response.json()) as { id: string };
  assert.equal(response.status, 200, JSON.stringify(body));
  return body.id;
}

async function balance(account_id: string): Promise<number> {
  return (await edge.env.ACCOUNT.getByName(account_id).summary()).balance_micro_usd;
}

function balanceIs(account_id: string, expected: number) {
  return until(`a balance of ${expected}`, async () => (await balance(account_id)) === expected);
}

async function complete(video_id: string, claim: ClaimAnswer): Promise<void> {
  const parent = await commitChunks(edge, claim, video_id, claim.segments.length, 2);
  const assets = await finalAssets(edge, claim, video_id);
  const { status, body } = await edge.call(video_id, 'complete', { epoch: claim.epoch, parent, ...assets });
  assert.equal(status, 200, JSON.stringify(body));
}

async function entries(account_id: string): Promise<[string, number][]> {
  const found = await edge.env.ACCOUNT.getByName(account_id).entries({ before: null, limit: 100 });
  return found.map(({ kind, micro_usd }): [string, number] => [kind, micro_usd]).reverse();
}

test('a full delivery is charged what the estimate said, once, and is metered', async () => {
  const { id, key } = await newAccount({ billing: 'prepaid' }, 5000);
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ prompt: 'a red ball', seconds: '1' });
  const estimate = await edge.as(key)('/v1/videos/estimate', { method: 'POST', headers, body });
  const { micro_usd, ...rest } = (await estimate.json()) as { micro_usd: number };
  assert.equal(estimate.status, 200);
  assert.deepEqual(rest, {
    ...{
      object: 'video.estimate',
      model: PACKAGES[0]?.name,
      seconds: '1',
      size: '128x128',
      currency: 'usd',
      micro_usd_per_second: 1000,
    },
  });
  assert.equal(await balance(id), 5000, 'an estimate costs nothing');

  const video_id = await created(key);
  assert.equal(await balance(id), 5000 - micro_usd);
  await complete(video_id, await edge.claim(video_id));
  await until('the capture', async () => (await entries(id)).length === 4);
  const delivery = { micro_usd, seconds: 1 };
  await edge.env.ACCOUNT.getByName(id).settle(video_id, delivery);
  assert.deepEqual(await entries(id), [
    ['grant', 5000],
    ['reserve', -micro_usd],
    ['release', micro_usd],
    ['capture', -micro_usd],
  ]);
  const metered = await until('the meter event', () =>
    edge.env.DB.prepare('SELECT account_id, kind, key_id, model, seconds, micro_usd FROM meter_events WHERE video_id = ?')
      .bind(video_id)
      .first<Record<string, unknown>>(),
  );
  assert.deepEqual(metered, {
    ...{ account_id: id, kind: 'capture', key_id: key.id, model: PACKAGES[0]?.name, seconds: 1, micro_usd },
  });
});

test('without enough credit no video is made, and the answer is not worth a retry', async () => {
  const { id, key } = await newAccount({ billing: 'prepaid' }, 1500);
  const response = await create(key, 2);
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  assert.equal(response.status, 402);
  assert.deepEqual([error.code, error.type], ['insufficient_credits', 'insufficient_quota']);
  assert.match(String(error.message), /costs 2000 micro-USD; the account has 1500/);
  assert.deepEqual(await entries(id), [['grant', 1500]]);
  await created(key, 1);
  assert.equal((await create(key, 1)).status, 402, 'what is reserved cannot be spent again');
});

test('two requests at the same moment cannot spend the same credit', async () => {
  const { id, key } = await newAccount({ billing: 'prepaid' }, 3000);
  const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await create(key)).status));
  assert.equal(statuses.filter((status) => status === 200).length, 3);
  assert.equal(statuses.filter((status) => status === 402).length, 5);
  assert.equal(await balance(id), 0);
});

test('a failed video costs nothing, whatever it had delivered', async () => {
  const { id, key } = await newAccount({ billing: 'prepaid' }, 1000);
  const video_id = await created(key);
  const claim = await edge.claim(video_id);
  await commitChunks(edge, claim, video_id, 0, 1);
  await edge.call(video_id, 'fail', { epoch: claim.epoch, code: 'encoding_failed', message: '' });
  await balanceIs(id, 1000);
  const view = (await (await edge.as(key)(`/v1/videos/${video_id}`)).json()) as { usage: unknown };
  assert.deepEqual(view.usage, { estimated_micro_usd: 1000, charged_micro_usd: 0 });
});

test('a cancelled video is charged the frames that it has, and repeating anything changes nothing', async () => {
  const { id, key } = await newAccount({ billing: 'prepaid' }, 1000);
  const video_id = await created(key);
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(edge, claim, video_id, 0, 1);
  const cancel = () => edge.as(key)(`/v1/videos/${video_id}/cancel`, { method: 'POST' });
  assert.deepEqual((await cancel()).status, 200);
  assert.equal(await balance(id), 0, 'its worker may still deliver');
  const request = { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, video_id)) };
  for (let i = 0; i < 2; i++) assert.equal((await edge.call(video_id, 'complete', request)).status, 200);
  const view = (await (await cancel()).json()) as Record<string, unknown>;
  assert.deepEqual(view.usage, { estimated_micro_usd: 1000, charged_micro_usd: 500 });
  await balanceIs(id, 500);
  assert.deepEqual(await edge.events(video_id), ['queued', 'claimed', 'committed', 'ending', 'completed']);
});

test('a finished video cannot be cancelled, and a cancelled one that was never begun costs nothing', async () => {
  const { id, key } = await newAccount({ billing: 'prepaid' }, 2000);
  const done = await created(key);
  await complete(done, await edge.claim(done));
  const refused = await edge.as(key)(`/v1/videos/${done}/cancel`, { method: 'POST' });
  assert.equal(refused.status, 409);
  assert.equal(refused.headers.get('x-should-retry'), 'false');
  const waiting = await created(key);
  await edge.as(key)(`/v1/videos/${waiting}/cancel`, { method: 'POST' });
  await balanceIs(id, 1000);
});

test('a deleted video is charged like a cancelled one where it was at work, and keeps its charge where it was finished', async () => {
  const { id, key } = await newAccount({ billing: 'prepaid' }, 2000);
  const half = await created(key);
  const claim = await edge.claim(half);
  await commitChunks(edge, claim, half, 0, 1);
  const whole = await created(key);
  await complete(whole, await edge.claim(whole));
  for (const video_id of [half, whole]) await edge.as(key)(`/v1/videos/${video_id}`, { method: 'DELETE' });
  await balanceIs(id, 500);
});

test("videos beyond the account's bound wait, in order, while another account goes on", async () => {
  const { key } = await newAccount({ max_concurrent_videos: 1 });
  const other = await newAccount({ max_concurrent_videos: 1 });
  const [first, second, third] = [await created(key), await created(key), await created(key)];
  const stranger = await created(other.key);
  await edge.queue.messages(first, 1);
  await edge.queue.messages(stranger, 1);
  const sent = (video_id: string) => edge.queue.all().filter((message) => message.video_id === video_id).length;

  await edge.env.DB.prepare('UPDATE videos SET updated_at_ms = 1 WHERE id = ?').bind(second).run();
  await edge.worker.scheduled({ cron: '* * * * *', scheduledTime: new Date() });
  assert.equal(((await (await edge.as(key)(`/v1/videos/${second}`)).json()) as { status: string }).status, 'queued');
  assert.deepEqual([sent(second), sent(third)], [0, 0], 'the sweep lets nobody jump the queue');

  await edge.as(key)(`/v1/videos/${first}/cancel`, { method: 'POST' });
  await edge.queue.messages(second, 1);
  assert.equal(sent(third), 0);
  await complete(second, await edge.claim(second));
  await edge.queue.messages(third, 1);
});

test('a reservation whose video was never recorded is released, and an end that got lost is fetched', async () => {
  const { id, key } = await newAccount({ billing: 'prepaid' }, 2000);
  const account = edge.env.ACCOUNT.getByName(id);
  const never = `video_${'9'.repeat(32)}`;
  const reservation = { video_id: never, key_id: key.id, model: 'm', seconds: 1, micro_usd: 1000 };
  await account.reserve(reservation, { unlimited: false, key_budget_micro_usd: null, max_concurrent_videos: null });
  const lost = await created(key);
  await complete(lost, await edge.claim(lost));
  await balanceIs(id, 0);
  const stored = `${videoPrefix(never)}parent.mp4`;
  await edge.env.MEDIA.put(stored, 'what was stored for it');
  const storage = await edge.worker.getDurableObjectStorage('ACCOUNT', { name: id });
  await storage.exec('UPDATE turns SET check_at_ms = 1');
  // Any step sets the alarm anew.
  await account.settle('none', { micro_usd: 0, seconds: 0 });
  await balanceIs(id, 1000);
  await until('what was stored is erased', async () => (await edge.env.MEDIA.head(stored)) === null);
  const reserve = await account.reserve(reservation, { unlimited: false, key_budget_micro_usd: null, max_concurrent_videos: null });
  assert.equal(reserve.ok, false, 'the first try is over');
});

test('a charge gets through however late, and before the video is forgotten', async () => {
  const { id, key } = await newAccount({ billing: 'prepaid' }, 1000);
  const video_id = await created(key);
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(edge, claim, video_id, 0, 1);
  await edge.as(key)(`/v1/videos/${video_id}/cancel`, { method: 'POST' });
  await edge.call(video_id, 'complete', { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, video_id)) });
  await balanceIs(id, 500);
  const account = await edge.worker.getDurableObjectStorage('ACCOUNT', { name: id });
  // As if the account had never heard of the end.
  await account.exec("DELETE FROM ledger WHERE kind IN ('release', 'capture')");
  await account.exec('DELETE FROM totals');
  await account.exec('INSERT INTO totals SELECT ?, SUM(micro_usd) FROM ledger', 'balance');
  assert.equal(await balance(id), 0);
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
  await storage.exec("UPDATE outbox SET due_at_ms = 1 WHERE errand = 'erase'");
  await edge.env.VIDEO.getByName(video_id).poke();
  await until('the video gone', async () => (await edge.as(key)(`/v1/videos/${video_id}`)).status === 404);
  assert.equal(await balance(id), 500);
});

test("a key's own bounds: a price for one video, and a budget for all", async () => {
  const { id } = await newAccount();
  const capped = await edge.addKey(id, { max_micro_usd_per_video: 1000 });
  assert.equal((await create(capped, 2)).status, 402);
  assert.equal((await create(capped, 1)).status, 200);
  const budgeted = await edge.addKey(id, { budget_micro_usd: 3000 });
  const video_id = await created(budgeted, 3);
  const refused = await create(budgeted, 1);
  assert.equal(((await refused.json()) as { error: { code: string } }).error.code, 'key_budget_exceeded');
  await edge.as(budgeted)(`/v1/videos/${video_id}/cancel`, { method: 'POST' });
  await until('the budget is free again', async () => (await create(budgeted, 1)).status === 200);
});

test('requests a minute are counted exactly, for each key apart, and said in the headers', async () => {
  const { id, key } = await newAccount({ requests_per_minute: 5 });
  const path = '/v1/videos';
  const answers = await Promise.all(Array.from({ length: 12 }, () => edge.as(key)(path)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 5);
  const refused = answers.filter(({ status }) => status === 429);
  assert.equal(refused.length, 7);
  for (const { headers } of refused) {
    assert.equal(headers.get('x-should-retry'), 'true');
    const after_ms = Number(headers.get('retry-after-ms'));
    assert.ok(after_ms > 0 && after_ms <= 60_000);
    assert.equal(Number(headers.get('retry-after')), Math.ceil(after_ms / 1000));
  }
  const { headers } = refused[0] as Response;
  assert.deepEqual([headers.get('x-ratelimit-limit-requests'), headers.get('x-ratelimit-remaining-requests')], ['5', '0']);
  assert.match(headers.get('x-ratelimit-reset-requests') ?? '', /^\d+(\.\d+)?s$/);
  assert.equal(headers.get('ratelimit-policy'), '"requests";q=5;w=60');
  assert.match(headers.get('ratelimit') ?? '', /^"requests";r=0;t=\d+$/);
  const own = await edge.addKey(id, { requests_per_minute: 1 });
  assert.deepEqual([(await edge.as(own)(path)).status, (await edge.as(own)(path)).status], [200, 429]);
  assert.equal((await edge.asOwner(path)).headers.get('x-ratelimit-limit-requests'), null, 'no bound, no headers');
});
