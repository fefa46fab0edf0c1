/** The address that a job names is told of its end, signed as OpenRouter signs, until it has taken it. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { OpenRouter } from '@openrouter/sdk';
import { PACKAGES } from '../catalogue.ts';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { type Received, type Receiver, startReceiver } from '../testing/receiver.ts';
import { until } from '../testing/until.ts';
import { commitChunks, finalAssets } from '../testing/worker.ts';
import { MAX_ATTEMPTS } from '../webhooks/retry-schedule.ts';

const MODEL = PACKAGES[0]?.name ?? '';

let edge: TestEdge;
let receiver: Receiver;
let client: OpenRouter;
let secret: string;

before(async () => {
  receiver = await startReceiver();
  edge = await startEdge({ OUTBOUND_LOOPBACK: 'allow', DNS_RESOLVER_URL: '', LEASE_SECONDS: '600' });
  client = new OpenRouter({ apiKey: edge.key.text, serverURL: `${edge.address}api/v1` });
  ({ secret } = (await (await edge.asOwner('/v1/callback_secret')).json()) as { secret: string });
});
after(async () => {
  await edge?.close();
  receiver?.close();
});

async function generate(path: string): Promise<string> {
  const videoGenerationRequest = { model: MODEL, prompt: 'a red ball', duration: 1, callbackUrl: `${receiver.url}${path}` };
  return (await client.videoGeneration.generate({ videoGenerationRequest })).id;
}

async function complete(id: string): Promise<void> {
  const claim = await edge.claim(id);
  const parent = await commitChunks(edge, claim, id, 0, 2);
  const { status } = await edge.call(id, 'complete', { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, id)) });
  assert.equal(status, 200);
}

const at = (path: string) => receiver.received.filter((one) => one.path === path);
const arrived = (path: string, count: number): Promise<Received[]> =>
  until(`${count} at ${path}`, async () => at(path).length >= count && at(path));

async function cancel(id: string): Promise<void> {
  await edge.asOwner(`/v1/videos/${id}/cancel`, { method: 'POST' });
}

/** What a receiver that was written for OpenRouter does. @returns the event */
function unwrap({ headers, body }: Received, key = secret): { type: string; created_at: string; data: Record<string, unknown> } {
  const [, timestamp = '', mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['x-openrouter-signature'] ?? '') ?? [];
  assert.equal(mac, createHmac('sha256', key).update(`${timestamp},${body}`).digest('hex'));
  assert.ok(Math.abs(Date.now() / 1000 - Number(timestamp)) < 300);
  return JSON.parse(body);
}

/** The next attempt comes now rather than in its time. */
async function hurry(id: string): Promise<void> {
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: id });
  await storage.exec("UPDATE outbox SET due_at_ms = 1 WHERE errand = 'callback'");
  await edge.env.VIDEO.getByName(id).poke();
}

/** Of the errand that waits; undefined where none does. */
async function failures(id: string): Promise<number | undefined> {
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: id });
  const [row] = (await storage.exec("SELECT failures FROM outbox WHERE errand = 'callback'")) as { failures: number }[];
  return row?.failures;
}

const settled = (id: string) => until('nothing is left to tell', async () => (await failures(id)) === undefined);

/** It is called so often, each time as soon as the next attempt is planned. */
async function called(id: string, path: string, times: number): Promise<Received[]> {
  for (let attempt = 1; attempt < times; attempt++) {
    await until(`attempt ${attempt} failed`, async () => (await failures(id)) === attempt);
    await hurry(id);
  }
  return arrived(path, times);
}

test('a completed job is told with an address of its file, once', async () => {
  const id = await generate('/done');
  assert.equal(at('/done').length, 0);
  await complete(id);
  const [call] = (await arrived('/done', 1)) as [Received];
  const { type, created_at, data } = unwrap(call);
  const { unsigned_urls, ...rest } = data as { unsigned_urls: string[] };
  assert.equal(type, 'video.generation.completed');
  assert.ok(Math.abs(Date.now() - Date.parse(created_at)) < 300_000);
  assert.deepEqual(rest, { id, status: 'completed', model: MODEL, usage: { cost: 0.001, is_byok: false } });
  assert.equal(call.headers['x-openrouter-idempotency-key'], `${id}-completed`);
  assert.equal((await edge.request(unsigned_urls[0] ?? '')).status, 200);
  await settled(id);
  await edge.env.VIDEO.getByName(id).poke();
  assert.equal(at('/done').length, 1);
  assert.throws(() => unwrap(call, 'cbsec_of another account'));
});

test('a job that ends without a file is told as what it is', async () => {
  const [cancelled, failed] = [await generate('/cancelled'), await generate('/failed')];
  await cancel(cancelled);
  const { epoch } = await edge.claim(failed);
  await edge.call(failed, 'fail', { epoch, code: 'generation_failed', message: '' });
  for (const [id, path, status] of [
    [cancelled, '/cancelled', 'cancelled'],
    [failed, '/failed', 'failed'],
  ] as const) {
    const { type, data } = unwrap(((await arrived(path, 1)) as [Received])[0]);
    assert.deepEqual([type, data.id, data.status, data.unsigned_urls], [`video.generation.${status}`, id, status, undefined]);
    assert.equal(typeof data.error, 'string');
  }
});

test('who does not take it is told again under the same key, and after the last attempt no more', async () => {
  receiver.answer = (request, response) => response.writeHead(request.path === '/late' && at('/late').length >= 3 ? 204 : 503).end();
  try {
    const late = await generate('/late');
    await cancel(late);
    const calls = await called(late, '/late', 3);
    assert.equal(new Set(calls.map(({ headers }) => headers['x-openrouter-idempotency-key'])).size, 1);
    await settled(late);

    const never = await generate('/never');
    await cancel(never);
    await called(never, '/never', MAX_ATTEMPTS);
    await settled(never);
    assert.equal(at('/never').length, MAX_ATTEMPTS);
  } finally {
    receiver.answer = (_request, response) => response.writeHead(200).end();
  }
});

test('a deleted job is told to nobody, and one key does not name two addresses', async () => {
  const id = await generate('/deleted');
  await edge.asOwner(`/v1/videos/${id}`, { method: 'DELETE' });
  await edge.env.VIDEO.getByName(id).poke();
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  const create = (path: string) => {
    const videoGenerationRequest = { model: MODEL, prompt: 'a red ball', callbackUrl: `${receiver.url}${path}` };
    return client.videoGeneration.generate({ videoGenerationRequest }, { headers });
  };
  const first = await create('/a');
  assert.equal((await create('/a')).id, first.id);
  await assert.rejects(create('/b'), { statusCode: 422 });
  await cancel(first.id);
  await arrived('/a', 1);
  assert.equal(at('/deleted').length, 0);
});
