/** What is left of a video that was deleted or has expired: the entries of the bills, and for a day its place in lists. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { videoPrefix } from '@everframe/shared';
import { startEdge, type TestEdge } from './testing/edge.ts';
import { dataUrl, pngOf } from './testing/picture.ts';
import { type Receiver, startReceiver } from './testing/receiver.ts';
import { until } from './testing/until.ts';
import { commitChunks, finalAssets } from './testing/worker.ts';

const PROMPT = 'a red ball that nobody else asks for';
const DAY_MS = 24 * 60 * 60 * 1000;
/** Rows that stay, without a prompt: what was charged. */
const BILLS = ['meter_events'];

let edge: TestEdge;
let receiver: Receiver;

before(async () => {
  receiver = await startReceiver();
  edge = await startEdge({ OUTBOUND_LOOPBACK: 'allow', DNS_RESOLVER_URL: '' });
});
after(async () => {
  await edge?.close();
  receiver?.close();
});

/** A finished video that left a trace wherever one can be left. */
async function finishedVideo(): Promise<string> {
  const response = await edge.asOwner('/v1/videos', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
    body: JSON.stringify({ prompt: PROMPT, seconds: 1, input_reference: { image_url: dataUrl(pngOf([9, 9, 9])) } }),
  });
  const { id } = (await response.json()) as { id: string };
  const claim = await edge.claim(id);
  const parent = await commitChunks(edge, claim, id, 0, 2);
  await edge.call(id, 'complete', { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, id)) });
  await until('the webhook', async () => receiver.received.some(({ body }) => body.includes(id)));
  await until('the meter event', async () => (await tablesNaming(id)).includes('meter_events'));
  return id;
}

async function tablesOf(): Promise<string[]> {
  const { results } = await edge.env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  ).all<{
    name: string;
  }>();
  return results.map(({ name }) => name).filter((name) => !name.startsWith('sqlite_') && !name.startsWith('d1_'));
}

/** Tables of D1 with a row that has the text in any column. */
async function tablesNaming(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await tablesOf()) {
    const { results } = await edge.env.DB.prepare(`SELECT * FROM ${name}`).all();
    if (results.some((row) => JSON.stringify(row).includes(text))) found.push(name);
  }
  return found;
}

/** Everything in a Durable Object's tables, as text. */
async function contentOf(binding: 'VIDEO' | 'ACCOUNT' | 'WEBHOOKS', name: string): Promise<Record<string, string>> {
  const storage = await edge.worker.getDurableObjectStorage(binding, { name });
  const tables = (await storage.exec("SELECT name FROM sqlite_master WHERE type = 'table'")) as { name: string }[];
  const content: Record<string, string> = {};
  for (const { name: table } of tables) {
    if (!table.startsWith('_cf') && !table.startsWith('sqlite_'))
      content[table] = JSON.stringify(await storage.exec(`SELECT * FROM ${table}`));
  }
  return content;
}

async function assertForgotten(id: string): Promise<void> {
  await until('the row gone', async () => !(await tablesNaming(id)).includes('videos'));
  assert.deepEqual((await edge.env.MEDIA.list({ prefix: videoPrefix(id) })).objects, []);
  assert.deepEqual(Object.keys(await contentOf('VIDEO', id)), []);
  const account = await contentOf('ACCOUNT', 'account_a');
  assert.deepEqual(
    Object.keys(account).filter((table) => account[table]?.includes(id)),
    ['ledger'],
  );
  assert.ok(!JSON.stringify(account).includes(PROMPT));
  assert.ok(!JSON.stringify(await contentOf('WEBHOOKS', 'account_a')).includes(id));
  assert.deepEqual(await tablesNaming(PROMPT), []);

  await edge.worker.scheduled({ cron: '* * * * *', scheduledTime: new Date(Date.now() + 2 * DAY_MS) });
  assert.deepEqual(await tablesNaming(id), BILLS, 'a day later');
}

test('a video leaves nothing but its bill, whether it was deleted or has expired', async (t) => {
  const fields = { name: 'n', url: `${receiver.url}/`, event_types: ['video.completed'] };
  const headers = { 'content-type': 'application/json' };
  await edge.asOwner('/v1/webhook_endpoints', { method: 'POST', headers, body: JSON.stringify(fields) });
  for (const end of ['deleted', 'expired']) {
    await t.test(end, async () => {
      const id = await finishedVideo();
      if (end === 'deleted') await edge.asOwner(`/v1/videos/${id}`, { method: 'DELETE' });
      const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: id });
      await storage.exec("UPDATE outbox SET due_at_ms = 1 WHERE errand = 'erase'");
      await edge.env.VIDEO.getByName(id).poke();
      await assertForgotten(id);
    });
  }
});
