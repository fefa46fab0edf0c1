/** The events of a video over the real Worker, read with a stock parser: complete, once each, across lost connections. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ClaimAnswer, EVENT_READERS_MAX, PLAYLIST_WAITS_MAX } from '@everframe/shared';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { until } from '../testing/until.ts';
import { commitChunks, completedVideo, finalAssets, prepare } from '../testing/worker.ts';
import { isFull, PLAYER } from './event-readers.ts';

let edge: TestEdge;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '60' });
});
after(() => edge?.close());

interface Told {
  readonly id: number;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** One connection. What it was told so far is in `told`. */
class Reader {
  readonly told: Told[] = [];
  /** What a client may pass over: it says that the connection stands. */
  readonly comments: string[] = [];
  readonly ended: Promise<void>;
  readonly #abort: AbortController;

  constructor(body: ReadableStream<Uint8Array>, abort: AbortController) {
    this.#abort = abort;
    this.ended = this.#read(body);
  }

  static async open(video_id: string, query = '', headers: Record<string, string> = {}, key = edge.key.text): Promise<Reader> {
    const abort = new AbortController();
    const response = await fetch(new URL(`/v1/videos/${video_id}/events${query}`, edge.address), {
      headers: { authorization: `Bearer ${key}`, ...headers },
      signal: abort.signal,
    });
    assert.equal(response.status, 200, response.status === 200 ? '' : await response.text());
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.ok(response.body);
    return new Reader(response.body, abort);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const onComment = (comment: string) => void this.comments.push(comment);
    const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream({ onComment }));
    try {
      for await (const { id, event, data } of events) {
        const body = JSON.parse(data) as { id: string; type: string; data: Record<string, unknown> };
        assert.deepEqual([body.id, body.type], [id, event]);
        this.told.push({ id: Number(id), type: body.type, data: body.data });
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  types(): string[] {
    return this.told.map(({ type }) => type.replace('video.', ''));
  }

  async has(count: number): Promise<void> {
    await until(`${count} events are told`, () => Promise.resolve(this.told.length >= count));
  }

  async cut(): Promise<void> {
    this.#abort.abort();
    await this.ended;
  }
}

async function complete(claim: ClaimAnswer, video_id: string, parent: string | null): Promise<void> {
  const { status, body } = await edge.call(video_id, 'complete', {
    epoch: claim.epoch,
    parent,
    ...(await finalAssets(edge, claim, video_id)),
  });
  assert.equal(status, 200, JSON.stringify(body));
}

test('a reader hears all of a video from its creation to its end, and nothing of who made it', async () => {
  const video_id = await edge.create();
  const reader = await Reader.open(video_id);
  await reader.has(1);
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(edge, claim, video_id, 0, 2);
  await complete(claim, video_id, parent);
  await reader.ended;
  assert.deepEqual(reader.types(), ['queued', 'in_progress', 'segment', 'progress', 'segment', 'progress', 'completed']);
  assert.deepEqual(reader.told[2]?.data, {
    ...{ id: video_id, index: 0, url: `/v1/videos/${video_id}/segments/0.m4s`, frames: { done: 4, total: 8 } },
  });
  assert.deepEqual(reader.told[5]?.data, { id: video_id, progress: 99, frames: { done: 8, total: 8 } });
  assert.doesNotMatch(JSON.stringify(reader.told), /epoch|worker|lease|account|videos\/[^"]*\/1\//);
  const late = await Reader.open(video_id);
  await late.ended;
  assert.deepEqual(late.told, reader.told);
});

test('a reader of a video to which nothing happens hears that the connection stands, again and again', async () => {
  const reader = await Reader.open(await edge.create());
  await until('two comments came', () => Promise.resolve(reader.comments.length >= 2));
  assert.deepEqual(new Set(reader.comments.map((comment) => comment.trim())), new Set(['still here']));
  assert.deepEqual(reader.types(), ['queued'], 'a comment is no event');
  await reader.cut();
});

test('whoever loses the connection at any event goes on at the next one', async () => {
  const { video_id } = await completedVideo(edge);
  const whole = await Reader.open(video_id);
  await whole.ended;
  const ids = whole.told.map(({ id }) => id);
  assert.deepEqual(
    ids,
    [...new Set(ids)].sort((a, b) => a - b),
  );
  for (const [at, id] of ids.entries()) {
    if (at === ids.length - 1) continue;
    for (const again of [
      await Reader.open(video_id, `?after=${id}`),
      await Reader.open(video_id, '?after=10', { 'last-event-id': String(id) }),
    ]) {
      await again.ended;
      assert.deepEqual(again.told, whole.told.slice(at + 1), `after ${id}`);
    }
  }
  const end = await edge.asOwner(`/v1/videos/${video_id}/events?after=${ids.at(-1)}`);
  assert.equal(end.status, 204, 'a client that has seen the end is told not to come again');
});

test('a video that is made while connections die is told whole, and once', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const told: Told[] = [];
  let parent: string | null = claim.parent;
  for (const chunk of [0, 1]) {
    const reader = await Reader.open(video_id, '', told.length > 0 ? { 'last-event-id': String(told.at(-1)?.id) } : {});
    const count = told.length === 0 ? 2 : 0;
    parent = await commitChunks(edge, { ...claim, parent }, video_id, chunk, chunk + 1);
    await reader.has(count + 1);
    await reader.cut();
    told.push(...reader.told);
  }
  await complete(claim, video_id, parent);
  const last = await Reader.open(video_id, `?after=${told.at(-1)?.id}`);
  await last.ended;
  const whole = await Reader.open(video_id);
  await whole.ended;
  assert.deepEqual([...told, ...last.told], whole.told);
});

test('a reader of an object that has been put to sleep hears what comes', async () => {
  const video_id = await edge.create();
  const reader = await Reader.open(video_id);
  await reader.has(1);
  await edge.worker.evictDurableObject('VIDEO', { name: video_id, webSockets: 'hibernate' });
  const claim = await edge.claim(video_id);
  await commitChunks(edge, claim, video_id, 0, 1);
  await reader.has(4);
  assert.deepEqual(reader.types(), ['queued', 'in_progress', 'segment', 'progress']);
  await reader.cut();
});

test('work that breaks off is told as waiting, its last attempt as a failure, and a cancelled one without a frame as failed', async () => {
  const video_id = await edge.create();
  for (let attempt = 1; attempt <= 3; attempt++) {
    const { epoch } = await edge.claim(video_id, `worker-${attempt}`);
    await edge.call(video_id, 'release', { epoch, reason: 'error', code: 'generation_failed' });
  }
  const reader = await Reader.open(video_id);
  await reader.ended;
  assert.deepEqual(reader.types(), ['queued', 'in_progress', 'queued', 'in_progress', 'queued', 'in_progress', 'failed']);
  assert.equal((reader.told.at(-1)?.data.error as { code: string } | undefined)?.code, 'generation_failed');

  const other = await edge.create();
  const watching = await Reader.open(other);
  await edge.asOwner(`/v1/videos/${other}/cancel`, { method: 'POST' });
  await watching.ended;
  assert.equal((watching.told.at(-1)?.data.error as { code: string } | undefined)?.code, 'cancelled');
});

test('a prompt is told when the worker has taken it or can not', async () => {
  const video_id = await edge.create();
  const sent = await edge.asOwner(`/v1/videos/${video_id}/prompts`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ prompt: 'a blue ball' }) },
  });
  assert.equal(sent.status, 202, await sent.clone().text());
  const { id: prompt_id } = (await sent.json()) as { id: string };
  const claim = await edge.claim(video_id);
  const answers = [{ id: prompt_id, outcome: 'accepted', start_frame: 4, applied_frame: 4, chunk_index: 1 }];
  const request = { epoch: 1, parent: null, ...(await prepare(edge, claim, video_id, 0)), answers };
  for (let i = 0; i < 2; i++) assert.equal((await edge.call(video_id, 'commit', request)).status, 200);
  await edge.asOwner(`/v1/videos/${video_id}/cancel`, { method: 'POST' });
  const parent = (await edge.call(video_id, 'commit', request)).body.commit_id;
  await edge.call(video_id, 'complete', { epoch: 1, parent, ...(await finalAssets(edge, claim, video_id)) });
  const reader = await Reader.open(video_id);
  await reader.ended;
  assert.deepEqual(reader.types(), ['queued', 'in_progress', 'segment', 'progress', 'prompt', 'ending', 'completed']);
  assert.deepEqual(reader.told[4]?.data, {
    ...{ id: video_id, prompt_id, status: 'scheduled', takes_effect: { frame: 4, seconds: 0.5, chunk: 1 } },
  });
  assert.doesNotMatch(JSON.stringify(reader.told), /blue ball/);
});

test('with one key so many connections may read a video, and no more', async () => {
  const video_id = await edge.create();
  const readers = await Promise.all(Array.from({ length: EVENT_READERS_MAX.reader }, () => Reader.open(video_id)));
  const full = await edge.asOwner(`/v1/videos/${video_id}/events`);
  assert.equal(full.status, 429);
  assert.equal(((await full.json()) as { error: { code: string } }).error.code, 'too_many_readers');
  const colleague = await Reader.open(video_id, '', {}, (await edge.addKey('account_a')).text);
  await Promise.all([...readers, colleague].map((reader) => reader.cut()));
});

test('players that wait for a first segment take no place from who reads events, nor these from them', () => {
  const readers = EVENT_READERS_MAX.video;
  const connected = (counts: Readonly<Record<string, number>>) => (name?: string) =>
    name === undefined ? Object.values(counts).reduce((sum, count) => sum + count, 0) : (counts[name] ?? 0);
  assert.equal(isFull('key', connected({ [PLAYER]: PLAYLIST_WAITS_MAX })), false);
  assert.equal(isFull(PLAYER, connected({ [PLAYER]: PLAYLIST_WAITS_MAX - 1, others: readers })), false);
  assert.equal(isFull(PLAYER, connected({ [PLAYER]: PLAYLIST_WAITS_MAX })), true);
  assert.equal(isFull('key', connected({ [PLAYER]: PLAYLIST_WAITS_MAX, others: readers })), true);
  assert.equal(isFull('key', connected({ key: EVENT_READERS_MAX.reader })), true);
});

test('a deleted video ends its streams and is unknown; an address with a token may read; nonsense is refused', async () => {
  const video_id = await edge.create();
  const { url } = (await (await edge.asOwner(`/v1/videos/${video_id}/stream_url`, { method: 'POST' })).json()) as { url: string };
  const events = new URL(url.replace('stream.m3u8', 'events'));
  const viewer = await fetch(events);
  const reader = await Reader.open(video_id);
  for (const after of ['x', '-1', '1.5', '15', '9999']) {
    const refused = await edge.asOwner(`/v1/videos/${video_id}/events?after=${after}`);
    assert.equal(refused.status, 400, after);
    assert.equal(((await refused.json()) as { error: { param: string } }).error.param, 'after');
  }
  const head = await edge.asOwner(`/v1/videos/${video_id}/events`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'text/event-stream']);
  await edge.asOwner(`/v1/videos/${video_id}`, { method: 'DELETE' });
  await reader.ended;
  assert.match(await viewer.text(), /event: video.queued/);
  assert.equal((await edge.asOwner(`/v1/videos/${video_id}/events`)).status, 404);
});
