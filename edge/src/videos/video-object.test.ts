/** What a video's object does on its own: rings until it is heard, takes back lost leases, ends expired videos. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { finalKey, videoPrefix } from '@everframe/shared';
import { startEdge, type TestEdge, uploadText } from '../testing/edge.ts';
import { startQueue, type TestQueue } from '../testing/queue.ts';
import { until } from '../testing/until.ts';

let edge: TestEdge;
let queue: TestQueue;

before(async () => {
  queue = await startQueue();
  edge = await startEdge({ SQS_QUEUE_URL: queue.url, SQS_ENDPOINT: queue.endpoint, LEASE_SECONDS: '2' });
});
after(async () => {
  await edge?.close();
  await queue?.close();
});

function row(video_id: string) {
  return edge.env.DB.prepare('SELECT account_id, status FROM videos WHERE id = ?')
    .bind(video_id)
    .first<{ account_id: string; status: string }>();
}

function indexed(video_id: string, status: string) {
  return until(`${status} in the index`, async () => (await row(video_id))?.status === status);
}

test('a video whose worker falls silent is announced again, and fails after the last attempt', async () => {
  const video_id = await edge.create();
  for (const epoch of [1, 2, 3]) {
    await queue.messages(video_id, epoch);
    assert.equal((await edge.claim(video_id)).epoch, epoch);
  }
  const view = await until('failed', async () => {
    const now = await edge.view(video_id);
    return now.status === 'failed' && now;
  });
  assert.equal((view.error as { code: string }).code, 'worker_lost');
  const attempt = ['claimed', 'lease_expired'];
  assert.deepEqual(await edge.events(video_id), ['queued', ...attempt, ...attempt, ...attempt, 'failed']);
  await indexed(video_id, 'failed');
  assert.equal(queue.all().filter((message) => message.video_id === video_id).length, 3);
});

test('beats keep a lease alive past its length, and a release rings at once', async () => {
  const video_id = await edge.create();
  const { epoch } = await edge.claim(video_id);
  const end = Date.now() + 3_000;
  await until('past the first end of the lease', async () => {
    assert.equal((await edge.call(video_id, 'beat', { epoch })).status, 200);
    return Date.now() > end;
  });
  assert.deepEqual(await edge.events(video_id), ['queued', 'claimed']);
  assert.equal((await edge.call(video_id, 'release', { epoch, reason: 'shutdown' })).status, 200);
  await queue.messages(video_id, 2);
});

test('a video made while the queue is down is announced when the queue is back', async () => {
  queue.down = true;
  const refused = queue.refused();
  const video_id = await edge.create();
  await until('two refused sends', async () => queue.refused() >= refused + 2);
  assert.equal((await edge.view(video_id)).status, 'queued');
  await indexed(video_id, 'queued');
  queue.down = false;
  const [message] = await queue.messages(video_id, 1);
  assert.equal(message?.video_id, video_id);
  const warning = edge.harness.getLogs().find(({ message: line }) => line.includes('errand failed') && line.includes(video_id));
  assert.match(warning?.message ?? '', /InternalFailure \(HTTP 500\)/);
});

test('a message that could not be sent before the video was claimed is not sent any more', async () => {
  queue.down = true;
  const video_id = await edge.create();
  const { epoch } = await edge.claim(video_id);
  queue.down = false;
  const end = Date.now() + 1_500;
  await until('past the next attempts', async () => {
    assert.equal((await edge.call(video_id, 'beat', { epoch })).status, 200);
    return Date.now() > end;
  });
  assert.equal(queue.all().filter((message) => message.video_id === video_id).length, 0);
});

test('the sweep announces a waiting video that was not heard of for long, and removes a row without object', async () => {
  const video_id = await edge.create();
  await queue.messages(video_id, 1);
  await indexed(video_id, 'queued');
  const orphan = `video_${'e'.repeat(32)}`;
  await edge.env.DB.batch([
    edge.env.DB.prepare('UPDATE videos SET updated_at_ms = 1 WHERE id = ?').bind(video_id),
    edge.env.DB.prepare("INSERT INTO videos VALUES (?, 'account_a', 'queued', 'm', 1, 1)").bind(orphan),
  ]);
  await edge.worker.scheduled({ cron: '* * * * *', scheduledTime: new Date() });
  await queue.messages(video_id, 2);
  await until('the orphan removed', async () => (await row(orphan)) === null);

  await edge.worker.scheduled({ cron: '* * * * *', scheduledTime: new Date() });
  assert.equal(queue.all().filter((message) => message.video_id === video_id).length, 2, 'not again within ten minutes');
});

test('an expired video leaves nothing behind', async () => {
  const video_id = await edge.create();
  const { ticket } = await edge.claim(video_id);
  await uploadText(edge, ticket, finalKey(video_id, 1));
  await edge.call(video_id, 'fail', { epoch: 1, code: 'encoding_failed', message: '' });
  await indexed(video_id, 'failed');
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
  await storage.exec("UPDATE outbox SET due_at_ms = 1 WHERE errand = 'erase'");
  await edge.env.VIDEO.getByName(video_id).poke();

  await until('the video gone', async () => (await edge.asOwner(`/v1/videos/${video_id}`)).status === 404);
  assert.deepEqual((await edge.env.MEDIA.list({ prefix: videoPrefix(video_id) })).objects, []);
  assert.equal(await row(video_id), null);
});

test('a deleted video is unknown at once, its worker is refused, and what was stored goes when no ticket is left', async () => {
  const video_id = await edge.create();
  await queue.messages(video_id, 1);
  const { ticket, epoch } = await edge.claim(video_id);
  await uploadText(edge, ticket, finalKey(video_id, epoch));
  const deleted = await edge.asOwner(`/v1/videos/${video_id}`, { method: 'DELETE' });
  assert.deepEqual(await deleted.json(), { id: video_id, object: 'video.deleted', deleted: true });
  assert.equal((await edge.asOwner(`/v1/videos/${video_id}`)).status, 404);
  for (const call of ['beat', 'claim'] as const) {
    const { status, body } = await edge.call(video_id, call, call === 'beat' ? { epoch } : { worker_id: 'another' });
    assert.deepEqual([status, (body.error as { code: string }).code], [404, 'video_not_found']);
  }

  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
  const [erase] = await storage.exec("SELECT due_at_ms FROM outbox WHERE errand = 'erase'");
  assert.ok(Number(erase?.due_at_ms) > Date.now(), 'not before the ticket has ended');
  await storage.exec("UPDATE outbox SET due_at_ms = 1 WHERE errand = 'erase'");
  await edge.env.VIDEO.getByName(video_id).poke();
  await until('the objects gone', async () => (await edge.env.MEDIA.list({ prefix: videoPrefix(video_id) })).objects.length === 0);
  await until('the row gone', async () => (await row(video_id)) === null);
});

test('a missing secret is named in the log, and the caller only learns that it is our fault', async () => {
  const broken = await startEdge({}, { TICKET_SECRET: '' });
  try {
    const response = await broken.request('/healthz');
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /TICKET_SECRET/);
    assert.ok(broken.harness.getLogs().some(({ message }) => message.includes('TICKET_SECRET is not set')));
  } finally {
    await broken.close();
  }
});
