/** Lists through the stock SDK against the real Worker: every video once, in order, whatever comes and goes meanwhile. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LIST_LIMITS } from '@everframe/shared';
import OpenAI from 'openai';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { until } from '../testing/until.ts';
import { commitChunks, completedVideo, finalAssets } from '../testing/worker.ts';

let edge: TestEdge;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '60' });
});
after(() => edge?.close());

const VIDEO = { prompt: 'a red ball', seconds: '1' as '4' };
let accounts = 0;

/** An account of its own, so no test sees another's videos. */
async function newClient(): Promise<OpenAI> {
  const key = await edge.addKey(`account_list_${accounts++}`);
  return new OpenAI({ baseURL: `${edge.address}v1`, apiKey: key.text, maxRetries: 0 });
}

/** Ids in order of creation, each of its own millisecond or not, once D1 has all of them. */
async function createMany(client: OpenAI, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await client.videos.create(VIDEO)).id);
  await until('every row', async () => {
    const { results } = await edge.env.DB.prepare(`SELECT id FROM videos WHERE id IN (${ids.map(() => '?')})`)
      .bind(...ids)
      .all();
    return results.length === ids.length;
  });
  return ids;
}

async function walk(client: OpenAI, query: { limit?: number; order?: 'asc' | 'desc'; after?: string }): Promise<string[]> {
  const ids: string[] = [];
  for await (const video of client.videos.list(query)) ids.push(video.id);
  return ids;
}

test("an account's videos are listed newest first, with the record of each and the page's cursors", async () => {
  const client = await newClient();
  const ids = await createMany(client, 3);
  const page = await client.videos.list();
  const newest = [...ids].reverse();
  assert.deepEqual(
    page.data.map(({ id }) => id),
    newest,
  );
  assert.deepEqual(page.data[0], await client.videos.retrieve(newest[0] ?? ''));
  const { object, first_id, last_id, has_more } = (await client.get('/videos')) as Record<string, unknown>;
  assert.deepEqual([object, first_id, last_id, has_more], ['list', newest[0], newest[2], false]);
});

test('an account without videos has an empty list, and never sees those of another', async () => {
  const page = await (await newClient()).get('/videos');
  assert.deepEqual(page, { object: 'list', data: [], first_id: null, last_id: null, has_more: false });
});

test('the SDK walks all pages of any length in both orders, also where videos share a millisecond', async () => {
  const client = await newClient();
  const ids = await createMany(client, 7);
  // Three of one moment: their ids decide.
  const same = ids.slice(2, 5);
  await edge.env.DB.prepare(`UPDATE videos SET created_at_ms = (SELECT created_at_ms FROM videos WHERE id = ?) WHERE id IN (?, ?, ?)`)
    .bind(same[0] ?? '', ...same)
    .run();
  const ordered = [...ids.slice(0, 2), ...same.sort(), ...ids.slice(5)];
  for (const limit of [1, 2, 3, 6, 7, 8]) {
    assert.deepEqual(await walk(client, { limit, order: 'asc' }), ordered, `asc by ${limit}`);
    assert.deepEqual(await walk(client, { limit }), [...ordered].reverse(), `desc by ${limit}`);
  }
  assert.deepEqual(await walk(client, { after: ordered[4] ?? '', order: 'asc' }), ordered.slice(5));
});

test('videos that are made or deleted during a walk move no other', async () => {
  const client = await newClient();
  const ids = await createMany(client, 6);
  const seen: string[] = [];
  for await (const video of client.videos.list({ limit: 2 })) {
    seen.push(video.id);
    await client.videos.delete(video.id);
    await createMany(client, 1);
  }
  assert.deepEqual(seen, [...ids].reverse());
});

test('a page whose videos were all deleted a moment ago is not an empty one', async () => {
  const client = await newClient();
  const ids = await createMany(client, 3);
  for (const id of ids.slice(1)) await client.videos.delete(id);
  // As if D1 had not heard of it yet.
  await edge.env.DB.batch(
    ids.map((id, i) =>
      edge.env.DB.prepare(
        `INSERT INTO videos (id, account_id, status, model, created_at_ms, updated_at_ms)
         VALUES (?, ?, 'queued', 'm', ?, ?) ON CONFLICT (id) DO UPDATE SET status = 'queued'`,
      ).bind(id, `account_list_${accounts - 1}`, i, Date.now()),
    ),
  );
  assert.deepEqual(await walk(client, { limit: 1 }), [ids[0]]);
});

test('a wrong limit, order, cursor or unknown parameter is refused by name', async () => {
  const foreign = await edge.create();
  const client = await newClient();
  const cases = [
    ...['0', '-1', '1.5', 'x', '', String(LIST_LIMITS.max + 1)].map((limit) => ['limit', { limit }, 'invalid_value'] as const),
    ['order', { order: 'up' }, 'invalid_value'],
    ['after', { after: 'video_1' }, 'invalid_value'],
    ['after', { after: foreign }, 'invalid_value'],
    ['before', { before: foreign }, 'unknown_parameter'],
  ] as const;
  for (const [param, query, code] of cases) {
    await assert.rejects(
      async () => client.get('/videos', { query }),
      (error) => error instanceof OpenAI.APIError && error.status === 400 && error.code === code && error.param === param,
      JSON.stringify(query),
    );
  }
});

test('models are listed and retrieved by the SDK, and an unknown one is not found', async () => {
  const client = await newClient();
  const models = [];
  for await (const model of client.models.list()) models.push(model);
  const [first] = models;
  assert.ok(first);
  assert.deepEqual(await client.models.retrieve(first.id), first);
  assert.deepEqual([first.object, first.owned_by, typeof first.created], ['model', 'everframe', 'number']);
  assert.deepEqual(Object(first).input_modalities, ['text', 'image']);
  assert.equal((await client.videos.create(VIDEO)).model, first.id);
  await assert.rejects(
    client.models.retrieve('sora-2'),
    (error) => error instanceof OpenAI.NotFoundError && error.code === 'unknown_model',
  );
});

test('the SDK downloads the finished video and its thumbnail, whole, in part and by condition', async () => {
  const { video_id } = await completedVideo(edge);
  const client = new OpenAI({ baseURL: `${edge.address}v1`, apiKey: edge.key.text, maxRetries: 0 });
  const whole = await client.videos.downloadContent(video_id);
  const bytes = await whole.bytes();
  assert.deepEqual([whole.status, whole.headers.get('content-type')], [200, 'video/mp4']);
  const part = await client.videos.downloadContent(video_id, {}, { headers: { range: 'bytes=2-4' } });
  assert.deepEqual([part.status, await part.bytes()], [206, bytes.slice(2, 5)]);
  const thumbnail = await client.videos.downloadContent(video_id, { variant: 'thumbnail' });
  assert.equal(thumbnail.headers.get('content-type'), 'image/jpeg');
  const known = await edge.asOwner(`/v1/videos/${video_id}/content`, { headers: { 'if-none-match': whole.headers.get('etag') ?? '' } });
  assert.equal(known.status, 304);
  const spritesheet = await client.videos.downloadContent(video_id, { variant: 'spritesheet' });
  assert.equal(spritesheet.headers.get('content-type'), 'image/jpeg');
});

test('a video that an older worker made has no spritesheet, and says so', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(edge, claim, video_id, 0, 2);
  const { video, thumbnail } = await finalAssets(edge, claim, video_id);
  const { status } = await edge.call(video_id, 'complete', { epoch: claim.epoch, parent, video, thumbnail });
  assert.equal(status, 200);
  const client = new OpenAI({ baseURL: `${edge.address}v1`, apiKey: edge.key.text, maxRetries: 0 });
  await assert.rejects(
    client.videos.downloadContent(video_id, { variant: 'spritesheet' }).asResponse(),
    (error) => error instanceof OpenAI.NotFoundError && error.code === 'asset_not_found' && error.param === 'variant',
  );
});
