/** Bytes in and out of the real Worker: what workers may upload and read, and how finished content is served. */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { ASSET_MAX_BYTES, checkpointKey, finalKey, segmentKey, spritesheetKey, thumbnailKey } from '@everframe/shared';
import { sha256Hex, startEdge, type TestEdge, TICKET_SECRET, textBytes, uploadText, WORKER_TOKEN } from '../testing/edge.ts';
import { completedVideo } from '../testing/worker.ts';
import { signTicket } from '../worker-api/ticket.ts';

let edge: TestEdge;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '60' });
});
after(() => edge?.close());

interface ErrorBody {
  readonly error: { readonly code: string };
}

async function assertUpload(response: Response, status: number, code?: string): Promise<void> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  if (code) assert.equal((JSON.parse(text) as ErrorBody).error.code, code);
}

test('an object is written once: the same bytes again are welcome, others are refused, wrong ones not stored', async () => {
  const video_id = await edge.create();
  const { ticket } = await edge.claim(video_id);
  const key = segmentKey(video_id, 1, 0);
  await assertUpload(await edge.upload(ticket, key, textBytes('sent'), sha256Hex(textBytes('meant'))), 400, 'asset_corrupt');
  assert.equal(await edge.env.MEDIA.head(key), null);
  await assertUpload(await edge.upload(ticket, key, textBytes('first')), 201);
  await assertUpload(await edge.upload(ticket, key, textBytes('first')), 200);
  await assertUpload(await edge.upload(ticket, key, textBytes('other')), 409, 'asset_exists');
  const read = await edge.request(`/internal/v1/assets/${key}`, { headers: { authorization: `Ticket ${ticket}` } });
  assert.equal(await read.text(), 'first');
});

test("an object's head is answered without its bytes, with size and checksum", async () => {
  const video_id = await edge.create();
  const { ticket } = await edge.claim(video_id);
  const { key, sha256, bytes } = await uploadText(edge, ticket, segmentKey(video_id, 1, 0));
  const head = (path: string) =>
    edge.request(`/internal/v1/assets/${path}`, { method: 'HEAD', headers: { authorization: `Ticket ${ticket}` } });
  const answer = await head(key);
  assert.deepEqual([answer.status, await answer.text()], [200, '']);
  assert.deepEqual([answer.headers.get('content-length'), answer.headers.get('x-content-sha256')], [String(bytes), sha256]);
  assert.equal((await head(segmentKey(video_id, 1, 9))).status, 404);
});

test('a file is streamed in with its length', async () => {
  const video_id = await edge.create();
  const { ticket } = await edge.claim(video_id);
  const path = new URL(import.meta.url).pathname;
  const { size } = await stat(path);
  const sha256 = sha256Hex(new Uint8Array(await new Response(createReadStream(path) as unknown as BodyInit).arrayBuffer()));
  const response = await fetch(`${edge.address}internal/v1/assets/${finalKey(video_id, 1)}`, {
    method: 'PUT',
    headers: { authorization: `Ticket ${ticket}`, 'x-content-sha256': sha256, 'content-length': String(size) },
    body: createReadStream(path) as unknown as BodyInit,
    duplex: 'half',
  } as RequestInit);
  await assertUpload(response, 201);
});

test('an upload of unknown or forbidden length, or without checksum, is refused', async () => {
  const video_id = await edge.create();
  const { ticket } = await edge.claim(video_id);
  const put = (headers: Record<string, string>, body: BodyInit) =>
    edge.request(`/internal/v1/assets/${segmentKey(video_id, 1, 0)}`, {
      ...{ method: 'PUT', headers: { authorization: `Ticket ${ticket}`, ...headers }, body, duplex: 'half' },
    } as RequestInit);
  const sha256 = { 'x-content-sha256': sha256Hex(textBytes('a')) };
  await assertUpload(await put(sha256, new Blob(['a']).stream() as unknown as BodyInit), 411, 'length_required');
  await assertUpload(await put(sha256, ''), 400, 'invalid_value');
  await assertUpload(await put({}, 'a'), 400, 'invalid_value');
  await assertUpload(await put({ 'x-content-sha256': 'abc' }, 'a'), 400, 'invalid_value');
  await assertUpload(await put(sha256, new Uint8Array(ASSET_MAX_BYTES + 1)), 413, 'body_too_large');
});

test('a ticket opens its own epoch for writing and its own video for reading, until it expires', async () => {
  const video_id = await edge.create();
  const { ticket } = await edge.claim(video_id);
  const own = segmentKey(video_id, 1, 0);
  await uploadText(edge, ticket, own);
  const expires_at_ms = Date.now() + 60_000;
  const later = await signTicket(TICKET_SECRET, { video_id, epoch: 2, expires_at_ms });
  const expired = await signTicket(TICKET_SECRET, { video_id, epoch: 1, expires_at_ms: Date.now() - 1 });
  const forged = await signTicket('another secret', { video_id, epoch: 1, expires_at_ms });
  const foreign = await signTicket(TICKET_SECRET, { video_id: `video_${'1'.repeat(32)}`, epoch: 1, expires_at_ms });

  const write = async (text: string, key: string) => assertUpload(await edge.upload(text, key, textBytes('x')), 403, 'invalid_ticket');
  await write(later, segmentKey(video_id, 1, 1));
  await write(expired, segmentKey(video_id, 1, 1));
  await write(forged, segmentKey(video_id, 1, 1));
  await write(foreign, segmentKey(video_id, 1, 1));
  await write('nonsense', segmentKey(video_id, 1, 1));
  for (const key of [segmentKey(video_id, 2, 0), `videos/${video_id}/1/a%2F..%2F..%2F2%2Fb`, `videos/${video_id}/1/`, 'a'])
    await write(ticket, key);

  const read = async (text: string, key = own) =>
    (await edge.request(`/internal/v1/assets/${key}`, { headers: { authorization: `Ticket ${text}` } })).status;
  assert.deepEqual([await read(ticket), await read(later), await read(ticket, checkpointKey(video_id, 1, 5))], [200, 200, 404]);
  assert.deepEqual([await read(expired), await read(forged), await read(foreign), await read('')], [403, 403, 403, 403]);
  const token = await edge.request(`/internal/v1/assets/${own}`, { headers: { authorization: `Bearer ${WORKER_TOKEN}` } });
  assert.equal(token.status, 403);
});

test('finished content is served whole, in part, conditionally and as head, each with the right headers', async (t) => {
  const { video_id } = await completedVideo(edge);
  const text = `content of ${finalKey(video_id, 1)}`;
  const bytes = text.length;
  const etag = `"${sha256Hex(textBytes(text))}"`;
  const cases: readonly (readonly [string, Record<string, string>, number, string | undefined, string | undefined])[] = [
    ['everything', {}, 200, text, undefined],
    ['a first part', { range: 'bytes=0-3' }, 206, text.slice(0, 4), `bytes 0-3/${bytes}`],
    ['an open range', { range: 'bytes=10-' }, 206, text.slice(10), `bytes 10-${bytes - 1}/${bytes}`],
    ['a suffix', { range: 'bytes=-5' }, 206, text.slice(-5), `bytes ${bytes - 5}-${bytes - 1}/${bytes}`],
    ['a suffix longer than the content', { range: 'bytes=-9999' }, 206, text, `bytes 0-${bytes - 1}/${bytes}`],
    ['an end behind the content', { range: 'bytes=4-9999' }, 206, text.slice(4), `bytes 4-${bytes - 1}/${bytes}`],
    ['a start behind the content', { range: `bytes=${bytes}-` }, 416, undefined, `bytes */${bytes}`],
    ['an empty suffix', { range: 'bytes=-0' }, 416, undefined, `bytes */${bytes}`],
    ['several ranges', { range: 'bytes=0-1,4-5' }, 200, text, undefined],
    ['a backward range', { range: 'bytes=5-2' }, 200, text, undefined],
    ['another unit', { range: 'frames=0-1' }, 200, text, undefined],
    ['a known ETag', { 'if-none-match': etag }, 304, '', undefined],
    ['a weak known ETag in a list', { 'if-none-match': `"x", W/${etag}` }, 304, '', undefined],
    ['any ETag', { 'if-none-match': '*' }, 304, '', undefined],
    ['another ETag', { 'if-none-match': '"x"' }, 200, text, undefined],
    ['the expected ETag', { 'if-match': etag, range: 'bytes=0-0' }, 206, text.slice(0, 1), `bytes 0-0/${bytes}`],
    ['an unexpected ETag', { 'if-match': '"x"' }, 412, undefined, undefined],
    ['a range of the known content', { 'if-range': etag, range: 'bytes=0-1' }, 206, text.slice(0, 2), `bytes 0-1/${bytes}`],
    ['a range of other content', { 'if-range': '"x"', range: 'bytes=0-1' }, 200, text, undefined],
  ];
  for (const [claim, headers, status, body, content_range] of cases) {
    await t.test(claim, async () => {
      const answer = await edge.asOwner(`/v1/videos/${video_id}/content`, { headers });
      const received = await answer.text();
      assert.equal(answer.status, status, received);
      assert.equal(answer.headers.get('content-range') ?? undefined, content_range);
      assert.equal(answer.headers.get('etag'), etag);
      assert.equal(answer.headers.get('accept-ranges'), 'bytes');
      // A file that is time-stamped later has other bytes then.
      if (status < 400) assert.equal(answer.headers.get('cache-control'), 'private, no-cache');
      assert.ok(answer.headers.get('x-request-id'));
      if (body === undefined) return;
      assert.equal(received, body);
      if (status !== 304) assert.equal(answer.headers.get('content-length'), String(body.length));

      const head = await edge.asOwner(`/v1/videos/${video_id}/content`, { method: 'HEAD', headers });
      assert.equal(await head.text(), '');
      for (const name of ['content-length', 'content-range', 'content-type', 'content-disposition', 'etag', 'cache-control']) {
        assert.equal(head.headers.get(name), answer.headers.get(name), `HEAD ${name}`);
      }
    });
  }
});

test('each variant has its own bytes, type and file name', async () => {
  const { video_id } = await completedVideo(edge);
  for (const [variant, key, content_type, extension] of [
    ['video', finalKey(video_id, 1), 'video/mp4', 'mp4'],
    ['thumbnail', thumbnailKey(video_id, 1), 'image/jpeg', 'jpg'],
    ['spritesheet', spritesheetKey(video_id, 1), 'image/jpeg', 'jpg'],
  ] as const) {
    const answer = await edge.asOwner(`/v1/videos/${video_id}/content?variant=${variant}`);
    assert.equal(await answer.text(), `content of ${key}`);
    assert.equal(answer.headers.get('content-type'), content_type);
    assert.equal(answer.headers.get('content-disposition'), `inline; filename="${video_id}.${extension}"`);
  }
});
