/** Repeated requests against the real Worker: one key makes one video, whatever is lost, repeated or sent at once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { IDEMPOTENCY_KEY_MAX_CHARACTERS, LIST_PLACE_HOURS, MODERATION_AUDIT_DAYS } from '@everframe/shared';
import OpenAI from 'openai';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { until } from '../testing/until.ts';

let edge: TestEdge;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '60' });
});
after(() => edge?.close());

interface Sent {
  readonly status: number;
  readonly body: { id: string; error: { code: string; param: string } };
  readonly headers: Headers;
}

let drawn = 0;
const newKey = () => `key-${process.pid}-${drawn++}`;

async function create(headers: Record<string, string>, fields: object = { prompt: 'a red ball', seconds: 1 }): Promise<Sent> {
  const response = await edge.asOwner('/v1/videos', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(fields),
  });
  return { status: response.status, body: (await response.json()) as Sent['body'], headers: response.headers };
}

/** As a patient client: while the first request is under way it comes again. */
async function createPatiently(headers: Record<string, string>, fields?: object): Promise<Sent> {
  for (;;) {
    const sent = await create(headers, fields);
    if (sent.status !== 409) return sent;
    assert.equal(sent.body.error.code, 'idempotency_key_in_use');
    assert.deepEqual([sent.headers.get('x-should-retry'), sent.headers.get('retry-after-ms')], ['true', '500']);
    await setTimeout(20);
  }
}

async function countObjects(): Promise<number> {
  return (await edge.worker.listDurableObjectIds('VIDEO')).length;
}

test('the same key and body bring the first answer again, whatever became of the video', async () => {
  const headers = { 'idempotency-key': newKey() };
  const first = await create(headers, { prompt: 'a red ball', seconds: 1 });
  assert.deepEqual([first.status, first.headers.get('idempotency-replayed')], [200, null]);
  await edge.claim(first.body.id);
  const again = await create(headers, { seconds: '1', prompt: 'a red ball' });
  assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [200, 'true']);
  assert.deepEqual(again.body, first.body);
});

test('the same key with another body is refused, and a key with and without quotes is one key', async () => {
  const key = newKey();
  const first = await create({ 'idempotency-key': `"${key}"` });
  const other = await create({ 'idempotency-key': key }, { prompt: 'a blue ball', seconds: 1 });
  assert.deepEqual([other.status, other.body.error.code, other.body.error.param], [422, 'idempotency_key_reused', 'idempotency-key']);
  assert.equal((await create({ 'idempotency-key': key })).body.id, first.body.id);
});

test('a key belongs to its account', async () => {
  const headers = { 'idempotency-key': newKey() };
  const other = await edge.addKey('account_b');
  const first = await create(headers);
  const second = await create({ ...headers, authorization: `Bearer ${other.text}` });
  assert.equal(second.status, 200);
  assert.notEqual(second.body.id, first.body.id);
});

test('a key that is no key is refused, and a request that is refused uses up none', async () => {
  for (const key of ['', '""', 'a"b', 'two words', '"open', 'ä', 'k'.repeat(IDEMPOTENCY_KEY_MAX_CHARACTERS + 1)]) {
    const refused = await create({ 'idempotency-key': key });
    assert.deepEqual([refused.status, refused.body.error.code, refused.body.error.param], [400, 'invalid_value', 'idempotency-key'], key);
  }
  const headers = { 'idempotency-key': newKey() };
  assert.equal((await create(headers, { prompt: 'a', seconds: 0 })).status, 400);
  assert.equal((await create(headers)).status, 200);
});

test('a key is forgotten after its time', async () => {
  const headers = { 'idempotency-key': newKey() };
  const first = await create(headers);
  await edge.env.DB.prepare('UPDATE idempotency_keys SET expires_at_ms = ? WHERE video_id = ?')
    .bind(Date.now() - 1, first.body.id)
    .run();
  const second = await create(headers, { prompt: 'a blue ball', seconds: 1 });
  assert.equal(second.status, 200);
  assert.notEqual(second.body.id, first.body.id);
});

test('while the first request is under way its repetition waits, and one that broke off is finished under the same id', async () => {
  const headers = { 'idempotency-key': newKey() };
  const { body } = await create(headers);
  const hold = (held_until_ms: number) =>
    edge.env.DB.prepare('UPDATE idempotency_keys SET held_until_ms = ? WHERE video_id = ?').bind(held_until_ms, body.id).run();
  await hold(Date.now() + 60_000);
  const waiting = await create(headers);
  assert.deepEqual([waiting.status, waiting.body.error.code], [409, 'idempotency_key_in_use']);
  await hold(Date.now() - 1);
  const before_objects = await countObjects();
  assert.equal((await create(headers)).body.id, body.id);
  assert.equal(await countObjects(), before_objects);
});

test('a try that broke off behind the recording is answered with its video, also when that has ended since', async () => {
  const headers = { 'idempotency-key': newKey() };
  const { body } = await create(headers);
  await edge.asOwner(`/v1/videos/${body.id}/cancel`, { method: 'POST' });
  const account = edge.env.ACCOUNT.getByName('account_a');
  await until('the end of its reservation', async () => (await account.turnOf(body.id)) === undefined);
  await edge.env.DB.prepare('UPDATE idempotency_keys SET held_until_ms = 0 WHERE video_id = ?').bind(body.id).run();
  for (const round of ['taken over', 'answered']) {
    const again = await create(headers);
    assert.deepEqual([again.status, again.body.id, again.headers.get('idempotency-replayed')], [200, body.id, 'true'], round);
  }
});

test('a try that broke off behind the recording finds no video where that was deleted since, also before its account has heard of it', async () => {
  const headers = { 'idempotency-key': newKey() };
  const { body } = await create(headers);
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: body.id });
  await edge.claim(body.id);
  // The account is not told of the end.
  await storage.exec("CREATE TRIGGER untold BEFORE INSERT ON outbox WHEN NEW.errand = 'settle' BEGIN SELECT RAISE(IGNORE); END");
  await edge.asOwner(`/v1/videos/${body.id}`, { method: 'DELETE' });
  await edge.env.DB.prepare('UPDATE idempotency_keys SET held_until_ms = 0 WHERE video_id = ?').bind(body.id).run();
  const again = await create(headers);
  assert.deepEqual([again.status, again.body.error?.code], [404, 'video_not_found']);
});

test('property: of any number of concurrent requests with one key there is one video, and no request gets another', async () => {
  for (let round = 0; round < 6; round++) {
    const before_objects = await countObjects();
    const keys = Array.from({ length: 1 + (round % 3) }, newKey);
    const requests = keys.flatMap((key) => Array.from({ length: 2 + ((round * 7) % 11) }, () => key));
    const sent = await Promise.all(requests.map(async (key) => ({ key, ...(await createPatiently({ 'idempotency-key': key })) })));
    for (const key of keys) {
      const answers = sent.filter((answer) => answer.key === key);
      assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200]);
      assert.equal(new Set(answers.map((answer) => JSON.stringify(answer.body))).size, 1, 'one answer for one key');
    }
    assert.equal(new Set(sent.map((answer) => answer.body.id)).size, keys.length);
    assert.equal((await countObjects()) - before_objects, keys.length);
  }
});

test('property: concurrent bodies under one key make one video, and every other body is refused', async () => {
  const headers = { 'idempotency-key': newKey() };
  const before_objects = await countObjects();
  const bodies = Array.from({ length: 9 }, (_, i) => ({ prompt: `a red ball`, seconds: 1, seed: i % 3 }));
  const sent = await Promise.all(bodies.map((fields) => createPatiently(headers, fields)));
  const ids = new Set(sent.filter(({ status }) => status === 200).map(({ body }) => body.id));
  assert.equal(ids.size, 1);
  assert.deepEqual(
    sent.map(({ status }) => status).filter((status) => status !== 200),
    Array(6).fill(422),
  );
  assert.equal((await countObjects()) - before_objects, 1);
});

/** A stock client on a line that loses the answers of its first requests, after they have arrived. */
function clientOnBadLine(lost: number, headers: Record<string, string> = {}) {
  let requests = 0;
  const client = new OpenAI({
    baseURL: `${edge.address}v1`,
    apiKey: edge.key.text,
    defaultHeaders: headers,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      if (++requests > lost) return response;
      await response.text();
      throw new TypeError('the line broke');
    },
  });
  return { client, requests: () => requests };
}

test('a stock client whose answers are lost retries without making a second video, without any key', async () => {
  for (const lost of [1, 2]) {
    const before_objects = await countObjects();
    const { client, requests } = clientOnBadLine(lost);
    const video = await client.videos.create({ prompt: `lost ${lost}`, seconds: '1' as '4' });
    assert.deepEqual([video.status, requests(), (await countObjects()) - before_objects], ['queued', lost + 1, 1]);
  }
});

test('a stock client whose answers are lost retries without making a second video, with a key of its own', async () => {
  const before_objects = await countObjects();
  const { client, requests } = clientOnBadLine(2, { 'Idempotency-Key': newKey() });
  const video = await client.videos.create({ prompt: 'a red ball', seconds: '1' as '4' });
  assert.deepEqual([video.status, requests(), (await countObjects()) - before_objects], ['queued', 3, 1]);
});

test('a stock client that asks twice for the same gets two videos', async () => {
  const { client } = clientOnBadLine(0);
  const [a, b] = await Promise.all([1, 2].map(() => client.videos.create({ prompt: 'twice', seconds: '1' as '4' })));
  assert.notEqual(a?.id, b?.id);
});

test('a retry whose first request never arrived makes the video, once for all its repetitions', async () => {
  const retry = (count: string) => createPatiently({ 'x-stainless-retry-count': count }, { prompt: 'never arrived', seconds: 1 });
  const sent = await Promise.all(['1', '2', '1', '2'].map(retry));
  assert.equal(new Set(sent.map(({ body }) => body.id)).size, 1);
  await edge.env.DB.prepare('UPDATE idempotency_keys SET expires_at_ms = ?')
    .bind(Date.now() - 1)
    .run();
  assert.notEqual((await retry('1')).body.id, sent[0]?.body.id);
});

test('a request that could not be paid is made under the same key when it can be', async () => {
  const key = await edge.addKey('account_poor');
  await edge.setAccount('account_poor', { billing: 'prepaid' });
  const headers = { 'idempotency-key': newKey(), authorization: `Bearer ${key.text}` };
  const refused = await create(headers);
  assert.deepEqual([refused.status, refused.body.error.code], [402, 'insufficient_credits']);
  await edge.env.ACCOUNT.getByName('account_poor').grant('grant_1', 1_000_000);
  const paid = await create(headers);
  assert.deepEqual([paid.status, paid.headers.get('idempotency-replayed')], [200, null]);
  const again = await create(headers);
  assert.deepEqual([again.body.id, again.headers.get('idempotency-replayed')], [paid.body.id, 'true']);
});

test('the sweep forgets keys, places and records of refused prompts when their time is over, and no sooner', async () => {
  const day_ms = 24 * 60 * 60 * 1000;
  const now_ms = Date.now();
  const ages = [
    ['idempotency_keys', 'key', 0],
    ['erased_videos', 'id', (LIST_PLACE_HOURS / 24) * day_ms],
    ['moderation_audits', 'id', MODERATION_AUDIT_DAYS * day_ms],
  ] as const;
  const rows = (name: string, at_ms: number) => ({
    idempotency_keys: { account_id: 'account_a', key: name, body_hash: '', video_id: name, created_at_ms: 0, expires_at_ms: at_ms },
    erased_videos: { id: name, account_id: 'account_a', created_at_ms: 0, erased_at_ms: at_ms },
    moderation_audits: {
      ...{ id: name, account_id: 'account_a', request_id: '', created_at_ms: at_ms, source: 'rules' },
      ...{ categories: '[]', rules: '[]', prompt_hmac: '' },
    },
  });
  for (const [table, , age_ms] of ages) {
    for (const [name, at_ms] of [
      ['swept', now_ms - age_ms - 60_000],
      ['kept', now_ms - age_ms + 60_000],
    ] as const) {
      const row = rows(name, at_ms)[table];
      const marks = Object.keys(row).map(() => '?');
      await edge.env.DB.prepare(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${marks})`)
        .bind(...Object.values(row))
        .run();
    }
  }
  await edge.worker.scheduled({ cron: '* * * * *', scheduledTime: new Date(now_ms) });
  for (const [table, id] of ages) {
    const { results } = await edge.env.DB.prepare(`SELECT ${id} AS name FROM ${table} WHERE ${id} IN ('swept', 'kept')`).all();
    assert.deepEqual(results, [{ name: 'kept' }], table);
  }
});
