import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, type TestContext, test } from 'node:test';
import { createEdgeClient } from './edge-client.ts';
import { json, startServer } from './testing/http-server.ts';

const VIDEO_ID = `video_${'0'.repeat(32)}`;
const RENEWED = { lease_seconds: 30, ticket: 'newest' };
const never = new AbortController().signal;
const content = new TextEncoder().encode('a segment');
const sha256 = createHash('sha256').update(content).digest('hex');
const asset = { key: `videos/${VIDEO_ID}/1/segment-0.m4s`, sha256, bytes: content.length };

beforeEach((t) => {
  // The shortest pauses that there can be between tries.
  (t as TestContext).mock.method(Math, 'random', () => 0);
});

async function startEdge(t: TestContext, ...answers: ((response: ServerResponse) => void)[]) {
  const { url, asked } = await startServer(t, ...answers);
  return { asked, edge: createEdgeClient({ url, token: 'a-token-of-workers' }) };
}

function cutOff(response: ServerResponse): void {
  response.destroy();
}

function breakOff(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 1000 });
  response.write('{"lease', () => response.destroy());
}

function page(status: number): (response: ServerResponse) => void {
  return (response) => response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Sorry</h1>');
}

for (const [name, fault] of [
  ['a server error', json(500, { error: { code: 'internal_error', message: 'a fault' } })],
  ['a cut connection', cutOff],
  ['an answer that breaks off', breakOff],
  ['an answer that is not JSON', page(200)],
  ["a proxy's 403", page(403)],
  ["a proxy's 404", page(404)],
  ["a proxy's 429", json(429, { error: { code: 'slow_down', message: 'too many requests' } })],
] as const) {
  test(`${name} passes: the call is made again`, async (t) => {
    const { edge, asked } = await startEdge(t, fault, json(200, RENEWED));
    assert.deepEqual(await edge.beat(VIDEO_ID, 3, never), RENEWED);
    assert.deepEqual(
      asked.map(({ method, path, headers, body }) => [method, path, headers.authorization, body.toString()]),
      Array(2).fill(['POST', `/internal/v1/videos/${VIDEO_ID}/beat`, 'Bearer a-token-of-workers', '{"epoch":3}']),
    );
  });
}

test('a refusal is read and not asked for again', async (t) => {
  const { edge, asked } = await startEdge(t, json(409, { error: { code: 'lease_lost', message: 'another worker has it' } }));
  await assert.rejects(edge.beat(VIDEO_ID, 3, never), { name: 'EdgeError', code: 'lease_lost', message: 'another worker has it' });
  assert.equal(asked.length, 1);
});

test('an abort ends the waiting for another try', async (t) => {
  const abort = new AbortController();
  const { edge, asked } = await startEdge(t, (response) => {
    json(500, {})(response);
    response.once('close', () => abort.abort());
  });
  await assert.rejects(edge.beat(VIDEO_ID, 3, abort.signal), { name: 'AbortError' });
  assert.equal(asked.length, 1);
});

test('each try of an upload carries the digest, the whole content and the ticket that is newest then', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'everframe-upload-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'segment.m4s');
  await writeFile(path, content);
  for (const source of [content, { path }]) {
    const { edge, asked } = await startEdge(t, page(503), json(201, asset));
    let tickets = 0;
    const stored = await edge.upload(() => `ticket ${++tickets}`, asset.key, source, 'video/iso.segment', never);
    assert.deepEqual(stored, asset);
    assert.deepEqual(
      asked.map(({ headers }) => headers.authorization),
      ['Ticket ticket 1', 'Ticket ticket 2'],
    );
    for (const { method, path: asked_path, headers, body } of asked) {
      assert.equal(`${method} ${asked_path}`, `PUT /internal/v1/assets/${asset.key}`);
      assert.equal(headers['x-content-sha256'], sha256);
      assert.equal(headers['content-length'], String(content.length));
      assert.equal(headers['content-type'], 'video/iso.segment');
      assert.deepEqual(body, Buffer.from(content));
    }
  }
});

test('a download that breaks off is asked for again, with the newest ticket', async (t) => {
  const { edge, asked } = await startEdge(t, breakOff, (response) => response.end(content));
  let tickets = 0;
  assert.deepEqual(Buffer.from(await edge.download(() => `ticket ${++tickets}`, asset, never)), Buffer.from(content));
  assert.equal(asked[1]?.headers.authorization, 'Ticket ticket 2');
});

test('a download whose digest differs is refused', async (t) => {
  const { edge } = await startEdge(t, (response) => response.end('another segment'));
  await assert.rejects(
    edge.download(() => 'ticket', asset, never),
    { name: 'EdgeError', code: 'asset_corrupt' },
  );
});
