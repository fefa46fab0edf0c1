/** A video that was published without a time-stamp: how the queue hears of it, and how its stamped files take the place of the others. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { finalKey, RestampAnswer, spritesheetKey, thumbnailKey } from '@everframe/shared';
import { uploadText } from '../testing/edge.ts';
import { type EdgeWithQueue, startEdgeWithQueue } from '../testing/edge-with-queue.ts';
import { until } from '../testing/until.ts';
import { commitChunks, finalAssets } from '../testing/worker.ts';

let edge: EdgeWithQueue;

before(async () => {
  edge = await startEdgeWithQueue({ RESTAMP_AFTER_SECONDS: '0.1', DNS_RESOLVER_URL: '' });
});
after(() => edge?.close());

/** A finished video. @param more in its completion */
async function published(more: object = { unstamped: true }) {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(edge, claim, video_id, 0, 2);
  const credential = { manifest_id: `urn:c2pa:${video_id}`, mark: null, fingerprint: [] };
  const request = { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, video_id)), credential, ...more };
  const { status, body } = await edge.call(video_id, 'complete', request);
  assert.equal(status, 200, JSON.stringify(body));
  return { video_id, claim, request };
}

async function take(video_id: string, worker_id = 'worker-1') {
  const { status, body } = await edge.call(video_id, 'restamp', { worker_id });
  return {
    status,
    code: (body.error as { code: string } | undefined)?.code,
    claim: status === 200 ? RestampAnswer.parse(body) : undefined,
  };
}

async function taken(video_id: string, worker_id?: string): Promise<RestampAnswer> {
  const { claim } = await take(video_id, worker_id);
  assert.ok(claim);
  return claim;
}

async function content(video_id: string, variant: 'video' | 'thumbnail' | 'spritesheet') {
  const response = await edge.asOwner(`/v1/videos/${video_id}/content?variant=${variant}`);
  return { text: await response.text(), etag: response.headers.get('etag') };
}

/** How often the queue was asked for a worker that stamps the video. */
function asked(video_id: string): number {
  return edge.queue.all().filter((message) => message.video_id === video_id && message.work === 'restamp').length;
}

const put = (video_id: string, { ticket, epoch }: RestampAnswer) =>
  uploadText(edge, ticket, finalKey(video_id, epoch), `stamped ${video_id}`);

test('the queue hears of a video without a time-stamp again and again, until its stamped file has taken the place of the other', async () => {
  const { video_id, request } = await published();
  await until('asked three times', async () => asked(video_id) >= 3);
  const before = await content(video_id, 'video');
  const thumbnail = await content(video_id, 'thumbnail');
  const claim = await taken(video_id);
  assert.deepEqual([claim.video, claim.thumbnail, claim.spritesheet], [request.video, request.thumbnail, request.spritesheet]);
  const video = await put(video_id, claim);
  assert.deepEqual(await content(video_id, 'video'), before, 'nothing changes before the worker says so');
  const stamped = { outcome: 'stamped', epoch: claim.epoch, video };
  assert.deepEqual(await edge.call(video_id, 'restamped', stamped).then(({ body }) => body), { status: 'completed' });
  assert.equal((await edge.call(video_id, 'restamped', stamped)).status, 200, 'safe to repeat');

  const now = await content(video_id, 'video');
  assert.equal(now.text, `stamped ${video_id}`);
  assert.notEqual(now.etag, before.etag);
  assert.deepEqual(await content(video_id, 'thumbnail'), thumbnail, 'what was not brought stays');
  const row = () => edge.env.DB.prepare('SELECT file_key FROM credentials WHERE video_id = ?').bind(video_id).first<{ file_key: string }>();
  await until('the look-up leads to the new file', async () => (await row())?.file_key === video.key);
  assert.deepEqual(await take(video_id).then(({ status, code }) => [status, code]), [409, 'video_finished']);

  // Its time is an hour later; a call winds the alarm again.
  assert.ok(await edge.env.MEDIA.head(request.video.key));
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
  await storage.exec("UPDATE outbox SET due_at_ms = 1 WHERE errand = 'drop_replaced'");
  await edge.call(video_id, 'restamped', stamped);
  await until('the other file is gone', async () => !(await edge.env.MEDIA.head(request.video.key)));
  assert.ok(await edge.env.MEDIA.head(video.key));
  assert.ok(await edge.env.MEDIA.head(request.thumbnail.key));
});

test('of two workers that stamp a video only the later one counts, and the second waits while the first has time', async () => {
  const { video_id } = await published();
  const first = await taken(video_id, 'worker-1');
  assert.deepEqual(await take(video_id, 'worker-2').then(({ status, code }) => [status, code]), [409, 'lease_held']);
  // Its answer was lost, so it asks once more.
  const again = await taken(video_id, 'worker-1');
  assert.equal(again.epoch, first.epoch + 1);
  const late = await edge.call(video_id, 'restamped', { outcome: 'stamped', epoch: first.epoch, video: await put(video_id, first) });
  assert.deepEqual([late.status, (late.body.error as { code: string }).code], [409, 'lease_lost']);
  const thumbnail = await uploadText(edge, again.ticket, thumbnailKey(video_id, again.epoch), 'stamped');
  const spritesheet = await uploadText(edge, again.ticket, spritesheetKey(video_id, again.epoch), 'stamped, too');
  const stamped = { outcome: 'stamped', epoch: again.epoch, thumbnail, spritesheet };
  assert.equal((await edge.call(video_id, 'restamped', stamped)).status, 200);
  assert.equal((await content(video_id, 'spritesheet')).text, 'stamped, too');
});

test('a file that is not there, or that lies outside of the errand, takes no place', async () => {
  const { video_id, request } = await published();
  const claim = await taken(video_id);
  const { video } = request;
  for (const [wrong, code] of [
    [{ ...video, key: finalKey(video_id, claim.epoch) }, 'asset_not_found'],
    [{ ...video, key: finalKey(video_id, claim.epoch - 1) }, 'invalid_value'],
  ] as const) {
    const { body } = await edge.call(video_id, 'restamped', { outcome: 'stamped', epoch: claim.epoch, video: wrong });
    assert.equal((body.error as { code: string }).code, code);
  }
  assert.equal((await content(video_id, 'video')).text, `content of ${video.key}`);
});

test('who says stamped and brings no file is refused, and the queue hears of the video again', async () => {
  const { video_id } = await published();
  const { epoch } = await taken(video_id);
  const { status, body } = await edge.call(video_id, 'restamped', { outcome: 'stamped', epoch });
  assert.equal(status, 400);
  assert.match((body.error as { message: string }).message, /must bring a file/);
  const before = asked(video_id);
  await until('asked again', async () => asked(video_id) > before);
  await taken(video_id);
});

test('what a worker uploaded before it died is deleted, and what the next one brought is not', async () => {
  const { video_id } = await published();
  const died = await put(video_id, await taken(video_id));
  const claim = await taken(video_id);
  const video = await put(video_id, claim);
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
  const drop = () => storage.exec("UPDATE outbox SET due_at_ms = 1 WHERE errand = 'drop_replaced'");
  await drop();
  await edge.env.VIDEO.getByName(video_id).poke();
  await until('the first one is gone', async () => !(await edge.env.MEDIA.head(died.key)));
  assert.equal((await edge.call(video_id, 'restamped', { outcome: 'stamped', epoch: claim.epoch, video })).status, 200);
  await drop();
  await edge.env.VIDEO.getByName(video_id).poke();
  await until('the file without a time-stamp is gone', async () => !(await edge.env.MEDIA.head(claim.video.key)));
  assert.equal((await content(video_id, 'video')).text, `stamped ${video_id}`);
});

test('what the last worker uploaded before it died is deleted once the video is given up', async () => {
  const { video_id } = await published();
  const died = await put(video_id, await taken(video_id));
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
  const drop = () => storage.exec("UPDATE outbox SET due_at_ms = 1 WHERE errand = 'drop_replaced'");
  await drop();
  await edge.env.VIDEO.getByName(video_id).poke();
  await until('dropped once', async () => (await storage.exec("SELECT 1 FROM outbox WHERE errand = 'drop_replaced'")).length === 0);
  assert.ok(await edge.env.MEDIA.head(died.key), 'its worker may still bring it');
  await storage.exec("UPDATE video SET state = json_set(state, '$.restamp.tries', 12)");
  const left = () => storage.exec("SELECT 1 FROM video WHERE json_extract(state, '$.restamp') IS NOT NULL");
  await until('given up', async () => (await left()).length === 0);
  await drop();
  await edge.env.VIDEO.getByName(video_id).poke();
  await until('it is gone', async () => !(await edge.env.MEDIA.head(died.key)));
});

test('a video that can have no time-stamp is left alone, and so is one that has it', async () => {
  const { video_id } = await published();
  const { epoch } = await taken(video_id);
  assert.equal((await edge.call(video_id, 'restamped', { outcome: 'impossible', epoch, message: 'no room' })).status, 200);
  const stamped = await published({});
  const before = await published();
  const answer = { outcome: 'stamped_before', epoch: (await taken(before.video_id)).epoch };
  assert.equal((await edge.call(before.video_id, 'restamped', answer)).status, 200);
  for (const id of [video_id, stamped.video_id, before.video_id]) {
    assert.deepEqual(await take(id).then(({ status, code }) => [status, code]), [409, 'video_finished']);
  }
  assert.equal(asked(stamped.video_id), 0);
});

test('the queue is asked twelve times and then no more', async () => {
  const { video_id } = await published();
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
  await storage.exec("UPDATE video SET state = json_set(state, '$.restamp.tries', 12)");
  await until('given up', async () => (await take(video_id)).code === 'video_finished');
  assert.ok(asked(video_id) <= 1);
});

test('a deleted video is not stamped', async () => {
  const { video_id } = await published();
  const claim = await taken(video_id);
  await edge.asOwner(`/v1/videos/${video_id}`, { method: 'DELETE' });
  const { status } = await edge.call(video_id, 'restamped', { outcome: 'stamped', epoch: claim.epoch, video: claim.video });
  assert.equal(status, 404);
});
