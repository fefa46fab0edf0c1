/** Webhooks as the stock SDK makes, reads and checks them, sent by the real Worker to a real receiver. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WEBHOOK_ENDPOINTS_MAX, WEBHOOK_LOG_DAYS } from '@everframe/shared';
import OpenAI from 'openai';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { type Received, type Receiver, startReceiver } from '../testing/receiver.ts';
import { until } from '../testing/until.ts';
import { commitChunks, finalAssets } from '../testing/worker.ts';
import { MAX_ATTEMPTS, retryDelay } from './retry-schedule.ts';

/** OpenAI's list of types no longer names these two; the runtime takes them. */
type EventTypes = OpenAI.Webhooks.WebhookCreateParams['event_types'];
const BOTH = ['video.completed', 'video.failed'] as unknown as EventTypes;

let edge: TestEdge;
let receiver: Receiver;
let accounts = 0;

before(async () => {
  receiver = await startReceiver();
  edge = await startEdge({ OUTBOUND_LOOPBACK: 'allow', DNS_RESOLVER_URL: '' });
});
after(async () => {
  await edge?.close();
  receiver?.close();
});

async function newClient(): Promise<{ client: OpenAI; account_id: string }> {
  const account_id = `account_hooks_${++accounts}`;
  const key = await edge.addKey(account_id);
  return { client: new OpenAI({ apiKey: key.text, baseURL: `${edge.address}v1`, maxRetries: 0 }), account_id };
}

async function failVideo(client: OpenAI): Promise<string> {
  const { id } = await client.videos.create({ prompt: 'a red ball', seconds: '1' as '4' });
  const { epoch } = await edge.claim(id);
  await edge.call(id, 'fail', { epoch, code: 'encoding_failed', message: '' });
  return id;
}

async function completeVideo(client: OpenAI): Promise<string> {
  const { id } = await client.videos.create({ prompt: 'a red ball', seconds: '1' as '4' });
  const claim = await edge.claim(id);
  const parent = await commitChunks(edge, claim, id, 0, 2);
  await edge.call(id, 'complete', { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, id)) });
  return id;
}

function arrived(path: string, count = 1): Promise<Received[]> {
  return until(`${count} at ${path}`, async () => {
    const found = receiver.received.filter((one) => one.path === path);
    return found.length >= count && found;
  });
}

interface DeliveryView {
  readonly id: string;
  readonly event_id: string;
  readonly status: string;
  readonly next_attempt_at: number | null;
  readonly attempts: { status_code: number | null; error: string | null }[];
}

async function deliveries(client: OpenAI, endpoint_id: string): Promise<DeliveryView[]> {
  const list = (await client.get(`/webhook_endpoints/${endpoint_id}/deliveries`)) as { data: DeliveryView[] };
  return list.data;
}

/** The next attempts come now rather than in their time. */
async function hurry(account_id: string): Promise<void> {
  const storage = await edge.worker.getDurableObjectStorage('WEBHOOKS', { name: account_id });
  await storage.exec("UPDATE deliveries SET due_at_ms = 1 WHERE status = 'pending'");
  // Any step sets the alarm anew.
  await edge.env.WEBHOOKS.getByName(account_id).forget('none');
}

test('an endpoint is made, read, changed, listed and deleted by the stock SDK', async () => {
  const { client } = await newClient();
  const made = await client.webhooks.create({ name: ' mine ', url: `${receiver.url}/crud`, event_types: BOTH });
  assert.match(made.id, /^whe_[0-9a-f]{32}$/);
  assert.match(made.signing_secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  const { signing_secret, ...shown } = made;
  assert.deepEqual(await client.webhooks.retrieve(made.id), shown);
  assert.deepEqual([shown.object, shown.name, shown.event_types], ['webhook_endpoint', 'mine', BOTH]);
  assert.equal(shown.signing_secret_hint, `whsec_…${signing_secret.slice(-4)}`);

  const updated = await client.webhooks.update(made.id, { name: 'other', event_types: BOTH.slice(1) });
  assert.deepEqual([updated.name, updated.url, updated.event_types], ['other', made.url, ['video.failed']]);
  const second = await client.webhooks.create({ name: 'second', url: `${receiver.url}/crud2`, event_types: BOTH });
  const listed: string[] = [];
  for await (const { id } of client.webhooks.list({ limit: 1 })) listed.push(id);
  assert.deepEqual(listed, [second.id, made.id]);
  assert.deepEqual((await client.webhooks.eventTypes.list()).data, ['video.completed', 'video.failed']);

  assert.deepEqual(await client.webhooks.delete(made.id), { id: made.id, object: 'webhook_endpoint.deleted', deleted: true });
  await assert.rejects(client.webhooks.retrieve(made.id), { status: 404, code: 'webhook_endpoint_not_found' });
});

test('what cannot be an endpoint is refused by its rule', async () => {
  const { client } = await newClient();
  const make = (fields: object) => client.webhooks.create({ name: 'n', url: `${receiver.url}/`, event_types: BOTH, ...fields });
  await assert.rejects(make({ name: '' }), { status: 400, code: 'invalid_value', param: 'name' });
  await assert.rejects(make({ event_types: [] }), { status: 400, param: 'event_types' });
  await assert.rejects(make({ event_types: ['batch.completed'] }), { status: 400, param: 'event_types.0' });
  await assert.rejects(make({ secret: 'x' }), { status: 400, code: 'invalid_value' });
  for (const url of ['hook', 'http://example.com/', 'https://10.0.0.1/', 'https://169.254.169.254/', 'https://localhost.internal/']) {
    await assert.rejects(make({ url }), { status: 400, code: 'url_not_allowed', param: 'url' });
  }
  for (let i = 0; i < WEBHOOK_ENDPOINTS_MAX; i++) await make({});
  await assert.rejects(make({}), { status: 400, code: 'invalid_value' });
});

test('the end of a video arrives once, signed so that the SDK accepts it and refuses a changed byte', async () => {
  const { client } = await newClient();
  const endpoint = await client.webhooks.create({ name: 'n', url: `${receiver.url}/ends`, event_types: BOTH });
  const completed = await completeVideo(client);
  const failed = await failVideo(client);
  const requests = await arrived('/ends', 2);
  const events = await Promise.all(
    requests.map(async ({ body, headers }) => {
      assert.equal(headers['content-type'], 'application/json');
      assert.equal(headers.authorization, undefined);
      return (await client.webhooks.unwrap(body, headers, endpoint.signing_secret)) as unknown as Record<string, unknown>;
    }),
  );
  const about = (id: string) => events.find(({ data }) => (data as { id: string }).id === id);
  assert.deepEqual([about(completed)?.type, about(failed)?.type], ['video.completed', 'video.failed']);
  for (const [i, event] of events.entries()) {
    assert.equal(event.object, 'event');
    assert.equal(event.id, requests[i]?.headers['webhook-id']);
    assert.ok(Math.abs(Number(event.created_at) - Date.now() / 1000) < 60);
  }
  const [{ body, headers }] = requests as [Received];
  await assert.rejects(
    client.webhooks.unwrap(body.replace('video.', 'video,'), headers, endpoint.signing_secret),
    OpenAI.InvalidWebhookSignatureError,
  );
  const later = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) };
  await assert.rejects(client.webhooks.unwrap(body, later, endpoint.signing_secret), OpenAI.InvalidWebhookSignatureError);
  await until('both in the log', async () => (await deliveries(client, endpoint.id)).every(({ status }) => status === 'delivered'));
});

test('an endpoint gets only what it asked for, and nothing of another account', async () => {
  const { client } = await newClient();
  const { client: other } = await newClient();
  await client.webhooks.create({ name: 'n', url: `${receiver.url}/only-failed`, event_types: BOTH.slice(1) });
  await client.webhooks.create({ name: 'n', url: `${receiver.url}/all`, event_types: BOTH });
  const completed = await completeVideo(client);
  await failVideo(other);
  const failed = await failVideo(client);
  const all = await arrived('/all', 2);
  const [one, ...rest] = await arrived('/only-failed');
  assert.equal(rest.length, 0);
  assert.match(one?.body ?? '', new RegExp(failed));
  assert.ok(all.every(({ body }) => body.includes(completed) || body.includes(failed)));
});

test('what an endpoint does not take is sent again with the same id, ever later, until the last attempt', async () => {
  const { client, account_id } = await newClient();
  const endpoint = await client.webhooks.create({ name: 'n', url: `${receiver.url}/busy`, event_types: BOTH });
  receiver.answer = (_request, response) => response.writeHead(503).end('busy');
  await failVideo(client);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    await arrived('/busy', attempt);
    const log = await until(`attempt ${attempt} in the log`, async () => {
      const [delivery] = await deliveries(client, endpoint.id);
      return delivery?.attempts.length === attempt && delivery;
    });
    assert.deepEqual([log.attempts.at(-1)?.status_code, log.attempts.at(-1)?.error], [503, 'answered 503']);
    const delay_ms = retryDelay(attempt);
    if (delay_ms === null) {
      assert.deepEqual([log.status, log.next_attempt_at], ['failed', null]);
      break;
    }
    assert.equal(log.status, 'pending');
    assert.ok(Math.abs(Number(log.next_attempt_at) * 1000 - Date.now() - delay_ms) < 8_000, `after ${delay_ms} ms`);
    await hurry(account_id);
  }
  const ids = new Set((await arrived('/busy')).map(({ headers }) => headers['webhook-id']));
  assert.equal(ids.size, 1);

  receiver.answer = ({ path }, response) => response.writeHead(path === '/back' ? 204 : 503).end();
  await client.webhooks.update(endpoint.id, { url: `${receiver.url}/back` });
  await failVideo(client);
  await arrived('/back');
  receiver.answer = (_request, response) => response.writeHead(200).end();
});

test('a rotated secret signs beside the old one for a day, or alone where the old one leaked', async () => {
  const { client } = await newClient();
  const endpoint = await client.webhooks.create({ name: 'n', url: `${receiver.url}/rotated`, event_types: BOTH });
  const test = async () => {
    const before = receiver.received.length;
    const result = await client.webhooks.test(endpoint.id, { event_type: 'video.completed' as 'batch.completed' });
    assert.deepEqual(result, {
      ...{
        object: 'webhook_endpoint.test',
        webhook_endpoint_id: endpoint.id,
        event_type: 'video.completed',
        status_code: 200,
        success: true,
      },
    });
    return receiver.received[before] as Received;
  };
  const accepts = (secret: string, { body, headers }: Received) =>
    client.webhooks.unwrap(body, headers, secret).then(
      () => true,
      () => false,
    );
  const second = await client.webhooks.rotateSecret(endpoint.id, { keep_old_secret_active_for_24_hours: true });
  const overlapping = await test();
  assert.deepEqual([await accepts(endpoint.signing_secret, overlapping), await accepts(second.signing_secret, overlapping)], [true, true]);
  const third = await client.webhooks.rotateSecret(endpoint.id);
  const alone = await test();
  assert.deepEqual([await accepts(second.signing_secret, alone), await accepts(third.signing_secret, alone)], [false, true]);
});

test('a deleted video leaves nothing in the delivery log, and the log itself ends after its days', async () => {
  const { client, account_id } = await newClient();
  const endpoint = await client.webhooks.create({ name: 'n', url: `${receiver.url}/gone`, event_types: BOTH });
  const [erased, old] = [await failVideo(client), await failVideo(client)];
  await arrived('/gone', 2);
  await client.videos.delete(erased);
  const video = await edge.worker.getDurableObjectStorage('VIDEO', { name: erased });
  await video.exec("UPDATE outbox SET due_at_ms = 1 WHERE errand = 'erase'");
  await edge.env.VIDEO.getByName(erased).poke();
  await until('one left', async () => (await deliveries(client, endpoint.id)).length === 1);
  assert.match((await deliveries(client, endpoint.id))[0]?.event_id ?? '', new RegExp(old.slice(6)));
  const storage = await edge.worker.getDurableObjectStorage('WEBHOOKS', { name: account_id });
  await storage.exec(`UPDATE deliveries SET created_at_ms = ${Date.now() - (WEBHOOK_LOG_DAYS + 1) * 24 * 60 * 60 * 1000}`);
  await edge.env.WEBHOOKS.getByName(account_id).forget('none');
  await until('none left', async () => (await deliveries(client, endpoint.id)).length === 0);
});
