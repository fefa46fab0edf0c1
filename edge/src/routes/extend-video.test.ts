/** What an extension is made of, what it refuses, and that nothing is shared with the video that it begins with. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkpointKey, videoPrefix } from '@everframe/shared';
import OpenAI from 'openai';
import { PACKAGES } from '../catalogue.ts';
import { type EdgeWithQueue, startEdgeWithQueue } from '../testing/edge-with-queue.ts';
import { refusalOf } from '../testing/refusal-of.ts';
import { until } from '../testing/until.ts';
import { commitChunks, completedVideo, finalAssets } from '../testing/worker.ts';

const OLD_VERSION = new RegExp(`version 0\\.9\\.0 .* ${PACKAGES[0]?.version} is served now`);

let edge: EdgeWithQueue;
let client: OpenAI;

before(async () => {
  edge = await startEdgeWithQueue({ LEASE_SECONDS: '60' });
  client = new OpenAI({ baseURL: `${edge.address}v1`, apiKey: edge.key.text, maxRetries: 0 });
});
after(() => edge?.close());

type View = OpenAI.Video & Record<string, unknown>;
type Fields = Partial<OpenAI.Videos.VideoExtendParams> & Record<string, unknown>;

const extend = (id: string, fields: object = {}) =>
  client.videos.extend({ video: { id }, prompt: 'a blue ball', seconds: '1' as '4', ...fields }) as unknown as Promise<View>;

async function stored(video_id: string): Promise<string[]> {
  const { objects } = await edge.env.MEDIA.list({ prefix: videoPrefix(video_id) });
  return objects.map(({ key }) => key);
}

test('an extension begins with the chunks, the state and the file of its parent, under keys of its own', async () => {
  const { video_id } = await completedVideo(edge);
  const longer = await extend(video_id, { seconds: 2, segments: [{ start: 1, prompt: 'a green ball', anchor: 'keep' }] });
  assert.deepEqual([longer.seconds, longer.prompt, longer.extended_from_video_id], ['3', 'a blue ball', video_id]);
  assert.deepEqual([longer.status, longer.progress, longer.frames], ['queued', 0, { done: 8, total: 24 }]);
  assert.deepEqual(longer.segments, [
    { start: 0, prompt: 'a red ball', anchor: 'renew', blend: 0 },
    { start: 1, prompt: 'a blue ball', anchor: 'renew', blend: 0 },
    { start: 2, prompt: 'a green ball', anchor: 'keep', blend: 0 },
  ]);
  assert.equal((await edge.queue.messages(longer.id, 1)).length, 1);

  const claim = await edge.claim(longer.id);
  assert.deepEqual(claim.command.continues, { video_id, frames: 8, kept_frames: 8 });
  assert.deepEqual([claim.command.prompt, claim.command.seconds, claim.command.frames], ['a red ball', 3, 24]);
  assert.equal(claim.lineage?.kind, 'extended');
  assert.equal(claim.lineage?.video_id, video_id);
  const inherited = [claim.checkpoint, claim.lineage?.file, ...claim.segments.flatMap(({ init, media, stills }) => [init, media, stills])];
  assert.equal(claim.segments.length, 2);
  for (const asset of inherited) {
    assert.ok(asset);
    assert.ok(asset.key.startsWith(`${videoPrefix(longer.id)}0/`), asset.key);
    const response = await edge.request(`/internal/v1/assets/${asset.key}`, { headers: { authorization: `Ticket ${claim.ticket}` } });
    assert.equal(response.headers.get('x-content-sha256'), asset.sha256);
    assert.equal((await response.bytes()).length, asset.bytes);
  }
  const foreign = await edge.request(`/internal/v1/assets/${videoPrefix(video_id)}1/video.mp4`, {
    headers: { authorization: `Ticket ${claim.ticket}` },
  });
  assert.equal(foreign.status, 403);
});

test('a branch begins from the state that was stored for its border, and is made of no more', async () => {
  const { video_id, claim: parent } = await completedVideo(edge, { prompt: 'a red ball', seconds: 4 }, 8);
  const other = await extend(video_id, { seconds: 2, from_seconds: 3 });
  assert.deepEqual([other.seconds, other.prompt, other.frames], ['5', 'a blue ball', { done: 16, total: 40 }]);
  assert.deepEqual(other.usage, { estimated_micro_usd: 2000, charged_micro_usd: null });
  const claim = await edge.claim(other.id);
  // The base had been a chunk ahead: what it was led to there is made again.
  assert.deepEqual(claim.command.continues, { video_id, frames: 24, kept_frames: 16 });
  assert.deepEqual(
    claim.segments.map(({ chunk_index }) => chunk_index),
    [0, 1, 2, 3],
  );
  const response = await edge.request(`/internal/v1/assets/${claim.checkpoint?.key}`, {
    headers: { authorization: `Ticket ${claim.ticket}` },
  });
  assert.equal(await response.text(), `content of ${checkpointKey(video_id, parent.epoch, 3)}`);
  const again = await refusalOf(extend(other.id, { from_seconds: 1 }));
  assert.equal(again.code, 'video_not_ready');
});

test('it goes on behind its parent, is charged for the rest alone, and lets go of the copy of the file when it has its own', async () => {
  const { video_id } = await completedVideo(edge);
  const { id } = await extend(video_id);
  await client.videos.delete(video_id);
  const claim = await edge.claim(id);
  const parent = await commitChunks(edge, claim, id, 2, 4);
  const request = { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, id)) };
  assert.equal((await edge.call(id, 'complete', request)).status, 200);
  const { usage, frames, progress } = await edge.view(id);
  assert.deepEqual(usage, { estimated_micro_usd: 1000, charged_micro_usd: 1000 });
  assert.deepEqual([frames, progress], [{ done: 16, total: 16 }, 100]);
  await until('the copy is gone', async () => !(await stored(id)).includes(`${videoPrefix(id)}0/parent.mp4`));
  assert.equal((await client.videos.downloadContent(id)).status, 200);

  const third = await extend(id);
  assert.deepEqual((await edge.claim(third.id)).segments.length, 4, 'an extension can be extended');
  const { command } = await edge.claim((await extend(id, { prompt: 'a blue ball' })).id);
  assert.deepEqual(
    command.segments.map(({ start_frame, anchor }) => [start_frame, anchor]),
    [
      [8, 'renew'],
      [16, 'keep'],
    ],
    'under the words that held, the look stays',
  );
});

test('what was made by the time of a cancellation is charged, and nothing of the parent', async () => {
  const { video_id } = await completedVideo(edge);
  const { id } = await extend(video_id, { seconds: '2' });
  const claim = await edge.claim(id);
  const parent = await commitChunks(edge, claim, id, 2, 3);
  const cancelled = await edge.asOwner(`/v1/videos/${id}/cancel`, { method: 'POST' });
  assert.deepEqual([cancelled.status, ((await cancelled.json()) as View).status], [200, 'in_progress']);
  assert.equal((await edge.call(id, 'complete', { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, id)) })).status, 200);
  const { usage, seconds } = await edge.view(id);
  assert.deepEqual([usage, seconds], [{ estimated_micro_usd: 2000, charged_micro_usd: 500 }, '1.5']);

  const untouched = await extend(video_id, { seconds: '2' });
  await edge.claim(untouched.id);
  const ended = (await (await edge.asOwner(`/v1/videos/${untouched.id}/cancel`, { method: 'POST' })).json()) as View;
  assert.deepEqual([ended.status, ended.error?.code, ended.frames], ['failed', 'cancelled', { done: 8, total: 24 }]);
  assert.deepEqual(ended.usage, { estimated_micro_usd: 2000, charged_micro_usd: 0 });
});

test('a video that was ended early goes on under the new prompt alone, and its new seconds are what is paid', async () => {
  const short = await edge.create({ prompt: 'a red ball', seconds: 4, segments: [{ start: 3, prompt: 'a green ball' }] });
  const claim = await edge.claim(short);
  const parent = await commitChunks(edge, claim, short, 0, 3);
  await edge.asOwner(`/v1/videos/${short}/cancel`, { method: 'POST' });
  await edge.call(short, 'complete', { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, short)) });
  assert.deepEqual((await edge.view(short)).segments, [], 'no prompt behind its end');
  const longer = await extend(short, { seconds: '4' });
  assert.deepEqual(
    [longer.seconds, longer.frames, longer.usage],
    ['5.5', { done: 8, total: 44 }, { estimated_micro_usd: 4000, charged_micro_usd: null }],
  );
  const { command } = await edge.claim(longer.id);
  assert.deepEqual(
    command.segments.map(({ start_frame, prompt }) => [start_frame, prompt]),
    [[12, 'a blue ball']],
  );
});

test('JSON does what a form does, and a repeated request makes one video', async () => {
  const { video_id } = await completedVideo(edge);
  const headers = { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() };
  const body = JSON.stringify({ video: { id: video_id }, prompt: 'a blue ball', seconds: 1 });
  const answers = await Promise.all(
    [0, 1].map(async () => {
      const response = await edge.asOwner('/v1/videos/extensions', { method: 'POST', headers, body });
      return { http_status: response.status, ...((await response.json()) as Record<string, unknown>) };
    }),
  );
  const [first] = answers.filter(({ http_status }) => http_status === 200) as Record<string, unknown>[];
  assert.deepEqual([first?.seconds, first?.frames], ['2', { done: 8, total: 16 }]);
  const again = await edge.asOwner('/v1/videos/extensions', { method: 'POST', headers, body });
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  const { warnings, ...replayed } = (await again.json()) as Record<string, unknown>;
  assert.deepEqual([replayed.id, replayed.frames, warnings], [first?.id, first?.frames, []]);
  const { video_id: other } = await completedVideo(edge);
  const refused = await refusalOf(
    client.videos.extend(
      { video: { id: other }, prompt: 'a blue ball', seconds: '1' as '4' },
      { headers: { 'idempotency-key': headers['idempotency-key'] } },
    ),
  );
  assert.equal(refused.code, 'idempotency_key_reused');
});

test('an extension is refused with its rule, and nothing is stored for it', async () => {
  const { video_id } = await completedVideo(edge);
  const waiting = await edge.create();
  const failed = await edge.create();
  assert.equal((await edge.asOwner(`/v1/videos/${failed}/cancel`, { method: 'POST' })).status, 200);
  const old = (await completedVideo(edge)).video_id;
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: old });
  await storage.exec("UPDATE video SET command = json_set(command, '$.model_version', '0.9.0')");
  const long = (await completedVideo(edge)).video_id;
  const long_storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: long });
  await long_storage.exec("UPDATE video SET command = json_set(command, '$.seconds', 600)");
  const file = (text: string) => new File([text], 'a.mp4', { type: 'video/mp4' });
  const videos = (await edge.worker.listDurableObjectIds('VIDEO')).length;

  const cases: readonly [Fields, number, string, string | null, RegExp][] = [
    [{ video: undefined }, 400, 'missing_required_parameter', 'video', /video: \{|"video": \{"id"/],
    [{ video: 7 as never }, 400, 'invalid_type', 'video', /object with an 'id'/],
    [{ video: { id: 'video_1' } }, 404, 'video_not_found', 'video_id', /video_1/],
    [{ video: { id: video_id, frame: 3 } as never }, 400, 'unknown_parameter', 'video.frame', /only 'id'/],
    [{ video: { id: waiting } }, 409, 'video_not_ready', null, /queued/],
    [{ video: { id: failed } }, 409, 'video_failed', null, /cancelled/],
    [{ video: { id: old } }, 400, 'unsupported_operation', 'video', OLD_VERSION],
    [{ video: { id: long } }, 400, 'invalid_value', 'seconds', /601 s long; .* up to 600\. It cannot be made longer/],
    [{ video: file('no film at all') }, 400, 'unsupported_file', 'video', /no MP4/],
    [{ video: file('\0\0\0\x10ftypisom\0\0\0\0') }, 400, 'unsupported_file', 'video', /made here/],
    [{ prompt: undefined }, 400, 'missing_required_parameter', 'prompt', /prompt/],
    [{ prompt: 'a naked child' }, 400, 'moderation_blocked', 'prompt', /safety/],
    [{ seconds: '0' as '4' }, 400, 'invalid_value', 'seconds', /from 1 to 600/],
    [{ seed: 7 }, 400, 'unknown_parameter', 'seed', /as in the video/],
    [{ from_seconds: 0.7 }, 400, 'invalid_value', 'from_seconds', /begins a chunk every 1 s: take 1/],
    [
      { segments: [{ start: 0.5, prompt: 'a' }] },
      400,
      'invalid_value',
      'segments[0].start',
      /'segments\[0\]\.start' is 0\.5 s.* No chunk is left/,
    ],
    [{ strict: 'maybe' }, 400, 'invalid_value', 'strict', /true or false/],
  ];
  for (const [fields, status, code, param, message] of cases) {
    const body = { video: { id: video_id }, prompt: 'a blue ball', seconds: '1', ...fields } as OpenAI.Videos.VideoExtendParams;
    const refused = await refusalOf(client.videos.extend(body));
    assert.deepEqual([refused.status, refused.code, refused.param], [status, code, param], JSON.stringify(fields));
    assert.match(refused.message, message);
  }
  assert.equal((await edge.worker.listDurableObjectIds('VIDEO')).length, videos);
});

test('a video of another account is unknown', async () => {
  const { video_id } = await completedVideo(edge);
  const stranger = new OpenAI({ baseURL: `${edge.address}v1`, apiKey: (await edge.addKey('account_b')).text, maxRetries: 0 });
  const { status, code } = await refusalOf(stranger.videos.extend({ video: { id: video_id }, prompt: 'a', seconds: '4' }));
  assert.deepEqual([status, code], [404, 'video_not_found']);
});

test('a video whose chunks are gone is not begun with, and what was copied by then goes too', async () => {
  const { video_id } = await completedVideo(edge);
  await edge.env.MEDIA.delete(`${videoPrefix(video_id)}1/segment-1.m4s`);
  assert.equal((await refusalOf(extend(video_id))).code, 'video_not_found');
});

test('an extension whose reservation ended while it was stored is refused, and nothing of it stays', async () => {
  const { video_id } = await completedVideo(edge);
  const storage = await edge.worker.getDurableObjectStorage('ACCOUNT', { name: 'account_a' });
  await storage.exec('CREATE TABLE given_up (video_id TEXT)');
  // The account loses patience at once, as after a long standstill.
  await storage.exec(`
    CREATE TRIGGER give_up AFTER INSERT ON turns BEGIN
      INSERT INTO given_up VALUES (NEW.video_id);
      INSERT INTO ledger (subject, kind, micro_usd, seconds, created_at_ms) VALUES (NEW.video_id, 'release', 1000, 0, 0);
      DELETE FROM turns WHERE video_id = NEW.video_id;
    END`);
  const { status, code } = await refusalOf(extend(video_id));
  await storage.exec('DROP TRIGGER give_up');
  assert.deepEqual([status, code], [409, 'reservation_expired']);
  const [row] = await storage.exec('SELECT video_id FROM given_up');
  const id = String(row?.video_id);
  assert.equal(await edge.env.VIDEO.getByName(id).view(), null);
  await until('nothing stored', async () => (await stored(id)).length === 0);
});
