/** What operators' logs hold of a video's life on the real parts: what happened, and none of what was said or may be used. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type OpenAI from 'openai';
import { type Harness, startHarness } from './harness.ts';

const TYPES = ['video.completed', 'video.failed'] as unknown as OpenAI.Webhooks.WebhookCreateParams['event_types'];
/** base64url of JSON, a dot, and that of the signature over it. */
const TICKET = /eyJ[\w-]{20,}\.[\w-]{20,}/;

const edge_log: string[] = [];
const worker_log: string[] = [];
let harness: Harness;

before(async () => {
  harness = await startHarness({
    onEdgeLog: (line) => edge_log.push(JSON.stringify(line)),
    onWorkerLog: (line) => worker_log.push(JSON.stringify(line)),
  });
});
after(() => harness?.stop());

/** A word that is in nothing else. */
const marker = (name: string) => `${name}${randomUUID().replaceAll('-', '')}`;

/** Claims a video as a worker does, and fails it. Resolves to the upload ticket that it was given. */
async function takeTicket(prompt: string): Promise<string> {
  const { client, stack } = harness;
  const { id } = await client.videos.create({ prompt, seconds: '2' as '4' });
  const call = async (name: string, body: object) => {
    const headers = { authorization: `Bearer ${stack.worker_token}`, 'content-type': 'application/json' };
    const url = `${stack.url}/internal/v1/videos/${id}/${name}`;
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.equal(response.status, 200, name);
    return (await response.json()) as { epoch: number; ticket: string };
  };
  const { epoch, ticket } = await call('claim', { worker_id: 'a test' });
  await call('fail', { epoch, code: 'generation_failed', message: 'Given up.' });
  const { status } = await client.videos.retrieve(id);
  assert.equal(status, 'failed');
  return ticket;
}

test('neither log has a prompt, a key, a token, a ticket or a secret, whatever becomes of a video', async () => {
  const { client, stack } = harness;
  const said = Object.fromEntries(
    ['prompt', 'timed', 'negative', 'steered', 'blocked', 'cancelled', 'failed', 'repetition', 'query'].map((name) => [name, marker(name)]),
  ) as Record<string, string>;
  const { signing_secret } = await client.webhooks.create({ name: 'n', url: 'http://127.0.0.1:9/', event_types: TYPES });

  const fields = { negative_prompt: `rain ${said.negative}`, segments: [{ start: 1, prompt: `a fish ${said.timed}` }] };
  const video = await client.videos.create(
    { prompt: `a balloon ${said.prompt}`, seconds: '2' as '4', ...fields },
    { headers: { 'Idempotency-Key': said.repetition } },
  );
  await client.post(`/videos/${video.id}/prompts`, { body: { prompt: `a boat ${said.steered}` } });
  await assert.rejects(client.videos.create({ prompt: `a naked child ${said.blocked}`, seconds: '2' as '4' }), {
    code: 'moderation_blocked',
  });
  const stream = (await client.post(`/videos/${video.id}/stream_url`, { body: {} })) as { url: string };
  assert.equal((await fetch(stream.url)).status, 200);
  await fetch(`${stack.url}/v1/videos?after=${said.query}`, { headers: { authorization: `Bearer ${stack.api_key}` } });
  await harness.finished(video.id);
  const { id } = await client.videos.create({ prompt: `a pig ${said.cancelled}`, seconds: '20' as '4' });
  await harness.event(id, 'claimed', 1);
  // Whatever holds it dies; the next worker takes it over, and is told to stop.
  harness.livingWorker()?.kill('SIGKILL');
  await stack.startWorker();
  await harness.event(id, 'claimed', 2);
  await client.post(`/videos/${id}/cancel`);
  await harness.stopWorkers();
  const ticket = await takeTicket(`a cat ${said.failed}`);
  assert.match(ticket, TICKET);

  assert.ok(edge_log.length > 0 && worker_log.length > 0, 'both have written something');
  assert.ok(
    worker_log.some((line) => line.includes(video.id)),
    'the worker tells of the video',
  );
  const secrets = { ...said, signing_secret, api_key: stack.api_key, worker_token: stack.worker_token, ...stack.credentials };
  for (const [log, lines] of Object.entries({ edge: edge_log, worker: worker_log })) {
    const text = lines.join('\n');
    for (const [name, secret] of Object.entries(secrets)) {
      // The id of an access key is a name; AWS logs it itself.
      if (name !== 'access_key_id') assert.ok(!text.includes(String(secret)), `the ${log}'s log has the ${name}`);
    }
    assert.doesNotMatch(text, TICKET, `the ${log}'s log has a ticket`);
    assert.doesNotMatch(text, /Bearer |Ticket |whsec_|[?&]token=/, `the ${log}'s log has a credential`);
  }
});
