/** What a video's object does on its own: rings until it is heard, takes back lost leases, ends expired videos. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { finalKey, RETENTION_DAYS, RETRY_DELAYS_SECONDS, UPLOAD_TIMEOUT_SECONDS, videoPrefix } from '@everframe/shared';
import { startEdge, uploadText, WORKER_TOKEN } from '../testing/edge.ts';
import { type EdgeWithQueue, startEdgeWithQueue } from '../testing/edge-with-queue.ts';
import { until } from '../testing/until.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let edge: EdgeWithQueue;

before(async () => {
  edge = await startEdgeWithQueue({ LEASE_SECONDS: '2' });
});
after(() => edge?.close());

function row(video_id: string) {
  return edge.env.DB.prepare('SELECT account_id, status FROM videos WHERE id = ?')
    .bind(video_id)
    .first<{ account_id: string; status: string }>();
}

async function errands(video_id: string): Promise<{ errand: string; due_at_ms: number }[]> {
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
  return (await storage.exec('SELECT errand, due_at_ms FROM outbox')) as { errand: string; due_at_ms: number }[];
}

/** Makes the index believe that it has not heard of the video since `updated_at_ms`. */
async function forget(video_id: string, updated_at_ms = 1): Promise<void> {
  await edge.env.DB.prepare('UPDATE videos SET updated_at_ms = ? WHERE id = ?').bind(updated_at_ms, video_id).run();
}

function sweep() {
  return edge.worker.scheduled({ cron: '* * * * *', scheduledTime: new Date() });
}

function indexed(video_id: string, status: string) {
  return until(`${status} in the index`, async () => (await row(video_id))?.status === status);
}

test('a video whose worker falls silent is announced again, and fails after the last attempt', async () => {
  const video_id = await edge.create();
  for (const epoch of [1, 2, 3]) {
    await edge.queue.messages(video_id, epoch);
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
  assert.equal(edge.queue.all().filter((message) => message.video_id === video_id).length, 3);
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
  await edge.queue.messages(video_id, 2);
});

test('a video whose worker ran into an error is announced again after a while', async () => {
  const video_id = await edge.create();
  await edge.queue.messages(video_id, 1);
  const { epoch } = await edge.claim(video_id);
  const before_ms = Date.now();
  await edge.call(video_id, 'release', { epoch, reason: 'error', code: 'generation_failed' });
  assert.equal((await edge.view(video_id)).status, 'queued');
  const { due_at_ms } = (await errands(video_id)).find(({ errand }) => errand === 'doorbell') ?? {};
  assert.ok(Number(due_at_ms) >= before_ms + RETRY_DELAYS_SECONDS.first * 1000);
  const [, second] = await edge.queue.messages(video_id, 2);
  assert.ok(Number(second?.queued_at_ms) >= Number(due_at_ms));
});

test('an alarm that fails is logged once and tried again much later', async () => {
  const video_id = await edge.create();
  await edge.claim(video_id);
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
  await storage.exec("UPDATE video SET state = json_set(state, '$.status', 'completed')");
  const failures = () =>
    edge.harness.getLogs().filter(({ message }) => message.includes('alarm failed') && message.includes(video_id)).length;
  await until('the alarm', async () => failures() > 0);
  const end = Date.now() + 1_500;
  await until('past the next attempts', async () => (await edge.view(video_id)).status === 'completed' && Date.now() > end);
  assert.equal(failures(), 1);
});

test('a video made while the queue is down is announced when the queue is back', async () => {
  edge.queue.down = true;
  const refused = edge.queue.refused();
  const video_id = await edge.create();
  await until('two refused sends', async () => edge.queue.refused() >= refused + 2);
  assert.equal((await edge.view(video_id)).status, 'queued');
  await indexed(video_id, 'queued');
  edge.queue.down = false;
  const [message] = await edge.queue.messages(video_id, 1);
  assert.equal(message?.video_id, video_id);
  const warning = edge.harness.getLogs().find(({ message: line }) => line.includes('errand failed') && line.includes(video_id));
  assert.match(warning?.message ?? '', /InternalFailure \(HTTP 500\)/);
});

test('a message that could not be sent before the video was claimed is not sent any more', async () => {
  edge.queue.down = true;
  const video_id = await edge.create();
  const { epoch } = await edge.claim(video_id);
  edge.queue.down = false;
  await until('the errand settled', async () => {
    assert.equal((await edge.call(video_id, 'beat', { epoch })).status, 200);
    return (await errands(video_id)).every(({ errand }) => errand !== 'doorbell');
  });
  assert.equal(edge.queue.all().filter((message) => message.video_id === video_id).length, 0);
});

test('the sweep announces a waiting video that was not heard of for long, and removes a row without object', async () => {
  const video_id = await edge.create();
  await edge.queue.messages(video_id, 1);
  await indexed(video_id, 'queued');
  const orphan = `video_${'e'.repeat(32)}`;
  await edge.env.DB.batch([
    edge.env.DB.prepare('UPDATE videos SET updated_at_ms = 1 WHERE id = ?').bind(video_id),
    edge.env.DB.prepare("INSERT INTO videos VALUES (?, 'account_a', 'queued', 'm', 1, 1)").bind(orphan),
  ]);
  await sweep();
  await edge.queue.messages(video_id, 2);
  await until('the orphan removed', async () => (await row(orphan)) === null);

  await until('the errands done', async () => (await errands(video_id)).length === 0);
  await sweep();
  assert.deepEqual(await errands(video_id), [], 'nothing more to do');
  assert.equal(edge.queue.all().filter((message) => message.video_id === video_id).length, 2, 'not again within ten minutes');
});

test('the sweep ends a video whose own end was lost: finished long ago, or deleted', async () => {
  const finished = await edge.create();
  await edge.claim(finished);
  await edge.call(finished, 'fail', { epoch: 1, code: 'encoding_failed', message: '' });
  await indexed(finished, 'failed');
  const deleted = await edge.create();
  await edge.claim(deleted);
  await edge.asOwner(`/v1/videos/${deleted}`, { method: 'DELETE' });
  await indexed(deleted, 'deleted');

  for (const video_id of [finished, deleted]) {
    const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
    await storage.exec("DELETE FROM outbox WHERE errand = 'erase'");
    await storage.exec("UPDATE video SET state = json_set(state, '$.expires_at_ms', 1, '$.ticket_ends_at_ms', 1)");
    await storage.exec("UPDATE video SET state = json_set(state, '$.deleted_at_ms', 1) WHERE json_extract(state, '$.deleted_at_ms') > 0");
  }
  await forget(finished, Date.now() - RETENTION_DAYS * DAY_MS);
  await forget(deleted, Date.now() - 60_000);
  await sweep();
  assert.deepEqual([(await errands(finished)).length, (await errands(deleted)).length], [0, 0], 'not before their time');
  await forget(finished, Date.now() - (RETENTION_DAYS + 1) * DAY_MS - 1_000);
  await forget(deleted);
  await sweep();
  for (const video_id of [finished, deleted]) await until('the row gone', async () => (await row(video_id)) === null);
  assert.equal((await edge.asOwner(`/v1/videos/${finished}`)).status, 404);
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
  await edge.queue.messages(video_id, 1);
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
  const history = await edge.request(`/internal/v1/videos/${video_id}/events`, { headers: { authorization: `Bearer ${WORKER_TOKEN}` } });
  assert.equal(history.status, 404);

  const erase = (await errands(video_id)).find(({ errand }) => errand === 'erase');
  assert.ok(Number(erase?.due_at_ms) > Date.now() + (UPLOAD_TIMEOUT_SECONDS - 15) * 1000, 'not before the last upload has ended');
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

test('an object that was emptied keeps a video as a new one does', async () => {
  const id = await edge.create();
  const { command } = await edge.claim(id);
  const video = edge.env.VIDEO.getByName(id);
  await edge.asOwner(`/v1/videos/${id}`, { method: 'DELETE' });
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: id });
  await storage.exec("UPDATE outbox SET due_at_ms = 1 WHERE errand = 'erase'");
  await video.poke();
  await until('emptied', async () => (await storage.exec("SELECT 1 FROM sqlite_master WHERE name = 'video'")).length === 0);
  await video.create({ id, account_id: 'account_a', command, created_at_ms: Date.now(), price: null, request_id: null, held: true });
  assert.deepEqual((await video.prompts())?.sent, []);
});
