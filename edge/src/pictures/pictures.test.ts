/** Pictures that videos begin with, as the stock SDK and plain JSON send them: what is kept of them, and what is refused. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { CREATE_WITH_PICTURE_MAX_BYTES, PICTURE_LIMITS, pictureKey, videoPrefix } from '@everframe/shared';
import OpenAI from 'openai';
import { sha256Hex, startEdge, type TestEdge } from '../testing/edge.ts';
import { dataUrl, pngOf } from '../testing/picture.ts';
import { until } from '../testing/until.ts';
import { completedVideo } from '../testing/worker.ts';

const RED = pngOf([255, 0, 0]);
const BLUE = pngOf([0, 0, 255]);
const FIELDS = { prompt: 'a red ball', seconds: 1 };

let edge: TestEdge;
let client: OpenAI;
let server: Server;
let origin: string;
let served: Record<string, { status?: number; body?: Uint8Array }>;
let asked: string[];

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '60', OUTBOUND_LOOPBACK: 'allow', DNS_RESOLVER_URL: '' });
  client = new OpenAI({ baseURL: `${edge.address}v1`, apiKey: edge.key.text, maxRetries: 0 });
  served = { '/red.png': { body: RED }, '/gone.png': { status: 404 } };
  asked = [];
  server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const { status = 200, body } = served[url] ?? { status: 404 };
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  await edge?.close();
  server?.close();
});

async function createJson(input_reference: unknown, headers: Record<string, string> = {}, path = '/v1/videos') {
  const response = await edge.asOwner(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...FIELDS, input_reference }),
  });
  return { status: response.status, body: (await response.json()) as { id: string; error: Record<'code' | 'param' | 'message', string> } };
}

/** What the worker is told of it, once the stored bytes are known to be those that were sent. */
async function assertKept(id: string, bytes: Uint8Array): Promise<void> {
  const { command, ticket } = await edge.claim(id);
  const sha256 = sha256Hex(bytes);
  assert.deepEqual(command.input_reference, { key: pictureKey(id, sha256), sha256, bytes: bytes.length });
  const read = await edge.request(`/internal/v1/assets/${command.input_reference?.key}`, {
    headers: { authorization: `Ticket ${ticket}` },
  });
  assert.deepEqual(new Uint8Array(await read.arrayBuffer()), bytes);
}

test('a file, a data URL and a URL of the same picture are the same to the worker', async () => {
  const file = new File([RED], 'holiday.gif', { type: 'image/gif' });
  await assertKept((await client.videos.create({ prompt: 'a red ball', input_reference: file })).id, RED);
  await assertKept((await client.videos.create({ prompt: 'a red ball', input_reference: { image_url: dataUrl(RED) } })).id, RED);
  for (const image_url of [dataUrl(RED, 'text/plain'), `${origin}/red.png`]) {
    const { status, body } = await createJson({ image_url });
    assert.equal(status, 200, JSON.stringify(body));
    await assertKept(body.id, RED);
  }
});

const big = (bytes: number) => Uint8Array.from([...RED.subarray(0, -12), ...new Uint8Array(bytes), ...RED.subarray(-12)]);
const jpeg = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const JPEG_END = 'ffda 0008 0101 0000 3f 00 ffd9';

/** A chunk ahead of its header that looks like one. */
function withOtherSize(png: Uint8Array): Uint8Array {
  const header = Uint8Array.from(png.subarray(8, 33));
  header.set(Buffer.from('none'), 4);
  return Buffer.concat([png.subarray(0, 8), header, png.subarray(8)]);
}

const REFUSED: readonly (readonly [claim: string, value: () => unknown, status: number, code: string, param: string])[] = [
  ['a text', () => 'x', 400, 'invalid_type', 'input_reference'],
  ['a list', () => [], 400, 'invalid_type', 'input_reference'],
  ['an empty object', () => ({}), 400, 'missing_required_parameter', 'input_reference.image_url'],
  ['a file of a store', () => ({ file_id: 'file-1' }), 400, 'unsupported_parameter', 'input_reference.file_id'],
  ['another member', () => ({ image_url: dataUrl(RED), weight: 1 }), 400, 'unknown_parameter', 'input_reference.weight'],
  ['a number for a URL', () => ({ image_url: 7 }), 400, 'invalid_type', 'input_reference.image_url'],
  ['a data URL in percents', () => ({ image_url: 'data:image/png,%89PNG' }), 400, 'invalid_value', 'input_reference.image_url'],
  ['a data URL that is cut', () => ({ image_url: 'data:image/png;base64,a' }), 400, 'invalid_value', 'input_reference.image_url'],
  ['an empty picture', () => ({ image_url: 'data:image/png;base64,' }), 400, 'invalid_value', 'input_reference'],
  ['a GIF', () => ({ image_url: dataUrl(Buffer.from('GIF89a...')) }), 400, 'unsupported_file', 'input_reference'],
  ['half a PNG', () => ({ image_url: dataUrl(RED.subarray(0, 40)) }), 400, 'unsupported_file', 'input_reference'],
  ['a JPEG of nothing', () => ({ image_url: dataUrl(jpeg(`ffd8 ${JPEG_END}`)) }), 400, 'unsupported_file', 'input_reference'],
  [
    'a JPEG of four inks',
    () => ({ image_url: dataUrl(jpeg(`ffd8 ffc0 0014 08 0040 0040 04 011100 021100 031100 041100 ${JPEG_END}`)) }),
    ...([400, 'unsupported_file', 'input_reference'] as const),
  ],
  [
    'more pixels than there may be',
    () => ({ image_url: dataUrl(pngOf([0, 0, 0], 1, [4096, 4097])) }),
    ...([400, 'invalid_value', 'input_reference'] as const),
  ],
  ['a PNG of two sizes', () => ({ image_url: dataUrl(withOtherSize(RED)) }), ...([400, 'unsupported_file', 'input_reference'] as const)],
  [
    'a JPEG of more samples than there may be',
    () => ({ image_url: dataUrl(jpeg(`ffd8 ffc0 0011 08 1000 1000 03 011100 021100 031100 ${JPEG_END}`)) }),
    ...([400, 'invalid_value', 'input_reference'] as const),
  ],
  ['too thin a picture', () => ({ image_url: dataUrl(pngOf([0, 0, 0], 15)) }), 400, 'invalid_value', 'input_reference'],
  ['too many bytes', () => ({ image_url: dataUrl(big(PICTURE_LIMITS.max_bytes)) }), 413, 'body_too_large', 'input_reference'],
  ['a URL that leads nowhere', () => ({ image_url: `${origin}/gone.png` }), 400, 'url_unreachable', 'input_reference.image_url'],
  ['a private address', () => ({ image_url: 'https://10.0.0.1/a.png' }), 400, 'url_not_allowed', 'input_reference.image_url'],
  ['a plain address', () => ({ image_url: 'http://example.com/a.png' }), 400, 'url_not_allowed', 'input_reference.image_url'],
  [
    'an endless URL',
    () => ({ image_url: `https://example.com/${'a'.repeat(3000)}` }),
    ...([400, 'string_too_long', 'input_reference.image_url'] as const),
  ],
];

test('every bad picture is refused with its own code and parameter, and leaves neither record nor object', async (t) => {
  const videos = async () => (await edge.worker.listDurableObjectIds('VIDEO')).length;
  const objects = async () => (await edge.env.MEDIA.list()).objects.length;
  const before = [await videos(), await objects()];
  for (const [claim, value, status, code, param] of REFUSED) {
    await t.test(claim, async () => {
      const answer = await createJson(value());
      assert.deepEqual([answer.status, answer.body.error?.code, answer.body.error?.param], [status, code, param]);
      assert.match(answer.body.error.message, /^\S.*\.$/);
    });
  }
  await t.test('a file that is too large, and a body', async () => {
    const of = (bytes: number) => ({ prompt: 'a', input_reference: new File([new Uint8Array(bytes)], 'a.png') });
    for (const bytes of [PICTURE_LIMITS.max_bytes + 1, CREATE_WITH_PICTURE_MAX_BYTES]) {
      await assert.rejects(client.videos.create(of(bytes)), { status: 413, code: 'body_too_large' });
    }
  });
  assert.deepEqual([await videos(), await objects()], before);
});

test('the picture is part of what is asked for, and an answered request does not fetch it again', async () => {
  const headers = { 'idempotency-key': `picture-${crypto.randomUUID()}` };
  const first = await createJson({ image_url: dataUrl(RED) }, headers);
  assert.equal((await createJson({ image_url: dataUrl(RED) }, headers)).body.id, first.body.id);
  const other = await createJson({ image_url: dataUrl(BLUE) }, headers);
  assert.deepEqual([other.status, other.body.error?.code], [422, 'idempotency_key_reused']);

  served['/once.png'] = { body: RED };
  const by_url = { 'idempotency-key': `picture-${crypto.randomUUID()}` };
  const made = await createJson({ image_url: `${origin}/once.png` }, by_url);
  served['/once.png'] = { status: 404 };
  assert.equal((await createJson({ image_url: `${origin}/once.png` }, by_url)).body.id, made.body.id);
  assert.equal(asked.filter((url) => url === '/once.png').length, 1);
  await assertKept(made.body.id, RED);
});

test('an estimate judges the picture too, and keeps nothing', async () => {
  const before = (await edge.env.MEDIA.list()).objects.length;
  assert.equal((await createJson({ image_url: dataUrl(RED) }, {}, '/v1/videos/estimate')).status, 200);
  assert.equal((await createJson({ image_url: dataUrl(RED.subarray(0, 40)) }, {}, '/v1/videos/estimate')).status, 400);
  assert.equal((await edge.env.MEDIA.list()).objects.length, before);
});

test('a remix and an extension begin with the picture of their parent, and keep it when that is deleted', async () => {
  const { video_id } = await completedVideo(edge, { ...FIELDS, input_reference: { image_url: dataUrl(BLUE) } });
  const remix = await client.videos.remix(video_id, { prompt: 'a blue ball' });
  const extension = await client.videos.extend({ video: { id: video_id }, prompt: 'a blue ball', seconds: '1' as '4' });
  await client.videos.delete(video_id);
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
  await storage.exec("UPDATE outbox SET due_at_ms = 1 WHERE errand = 'erase'");
  await edge.env.VIDEO.getByName(video_id).poke();
  await until('it is erased', async () => (await edge.env.MEDIA.list({ prefix: videoPrefix(video_id) })).objects.length === 0);
  for (const { id } of [remix, extension]) await assertKept(id, BLUE);
});
