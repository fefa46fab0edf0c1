/** Webhooks from workerd's own network stack: what leaves the edge, and what it does with answers. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { type Harness, startHarness } from './harness.ts';

const TYPES = ['video.completed'] as unknown as OpenAI.Webhooks.WebhookCreateParams['event_types'];
const TYPE = { event_type: 'video.completed' } as unknown as OpenAI.Webhooks.WebhookTestParams;

let harness: Harness;
let server: Server;
let origin: string;
const received: { path: string; headers: Headers; body: string }[] = [];

before(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += String(part);
    received.push({ path: request.url ?? '', headers: new Headers(request.headers as Record<string, string>), body });
    if (request.url === '/moved') response.writeHead(307, { location: `${origin}/secret` });
    response.end('a body that nobody reads');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  harness = await startHarness({ workers: 0 });
});
after(async () => {
  await harness?.stop();
  server?.closeAllConnections();
  server?.close();
});

test('an event leaves the edge signed, and the stock SDK accepts it', async () => {
  const { client } = harness;
  const { id, signing_secret } = await client.webhooks.create({ name: 'n', url: `${origin}/hook`, event_types: TYPES });
  assert.equal((await client.webhooks.test(id, TYPE)).status_code, 200);
  const [{ headers, body }] = received.filter(({ path }) => path === '/hook') as [(typeof received)[number]];
  const event = (await client.webhooks.unwrap(body, headers, signing_secret)) as unknown as { type: string };
  assert.equal(event.type, 'video.completed');
  assert.match(headers.get('user-agent') ?? '', /^Everframe-Webhooks/);
  const other = new OpenAI({ apiKey: 'x' });
  await assert.rejects(other.webhooks.unwrap(`${body} `, headers, signing_secret), OpenAI.InvalidWebhookSignatureError);
});

test('a redirect is not followed', async () => {
  const { id } = await harness.client.webhooks.create({ name: 'n', url: `${origin}/moved`, event_types: TYPES });
  assert.equal((await harness.client.webhooks.test(id, TYPE)).status_code, 307);
  assert.deepEqual(
    received.filter(({ path }) => path === '/secret'),
    [],
  );
});

test('an endpoint that is not there is said to be so', async () => {
  const { id } = await harness.client.webhooks.create({ name: 'n', url: 'http://127.0.0.1:9/', event_types: TYPES });
  await assert.rejects(harness.client.webhooks.test(id, TYPE), { status: 400, code: 'webhook_unreachable' });
});
