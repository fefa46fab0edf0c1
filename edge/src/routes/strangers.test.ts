/** The public API against the real Worker, for whoever has no right key, or asks for what is not there, not theirs or not ready. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createApiKey } from '@everframe/shared';
import { assertRefused } from '../testing/assert-refused.ts';
import { startEdge, type TestEdge } from '../testing/edge.ts';

let edge: TestEdge;

before(async () => {
  edge = await startEdge({});
});
after(() => edge?.close());

const UNKNOWN_ID = `video_${'0'.repeat(32)}`;

test('every public route refuses a caller without a right key, by what is wrong with it', async (t) => {
  const wrong = createApiKey().text;
  const revoked = await edge.addKey('account_a', { revoked_at_ms: Date.now() - 1000 });
  const expired = await edge.addKey('account_a', { expires_at_ms: Date.now() - 1000 });
  const mistyped = edge.key.text.slice(0, -1) + (edge.key.text.endsWith('0') ? '1' : '0');
  const headers: readonly (readonly [string, Record<string, string>, string])[] = [
    ['no key', {}, 'missing_api_key'],
    ['an empty key', { authorization: 'Bearer ' }, 'invalid_api_key'],
    ['another scheme', { authorization: `Basic ${edge.key.text}` }, 'invalid_api_key'],
    ['a malformed key', { authorization: 'Bearer sk-abc' }, 'invalid_api_key'],
    ['a mistyped key', { authorization: `Bearer ${mistyped}` }, 'invalid_api_key'],
    ['an unknown key', { authorization: `Bearer ${wrong}` }, 'invalid_api_key'],
    ['a revoked key', { authorization: `Bearer ${revoked.text}` }, 'invalid_api_key'],
    ['an expired key', { authorization: `Bearer ${expired.text}` }, 'invalid_api_key'],
  ];
  const routes = [
    ['POST', '/v1/videos'],
    ['GET', '/v1/videos'],
    ['GET', '/v1/models'],
    ['GET', '/v1/models/everframe-storybook-1'],
    ['GET', `/v1/videos/${UNKNOWN_ID}`],
    ['DELETE', `/v1/videos/${UNKNOWN_ID}`],
    ['GET', `/v1/videos/${UNKNOWN_ID}/content`],
  ] as const;
  for (const [method, path] of routes) {
    for (const [claim, header, code] of headers) {
      await t.test(`${method} ${path} with ${claim}`, async () => {
        const response = await edge.request(path, { method, headers: header });
        assert.equal(response.headers.get('www-authenticate'), 'Bearer');
        await assertRefused(response, 401, code);
      });
    }
  }
});

test('an id that names no video of the caller is not found, whether unknown, malformed or foreign', async (t) => {
  const id = await edge.create();
  const other = await edge.addKey('account_b');
  const foreign = [
    ['GET', `/v1/videos/${id}`],
    ['DELETE', `/v1/videos/${id}`],
    ['GET', `/v1/videos/${id}/content`],
  ] as const;
  for (const [method, path] of foreign) {
    await t.test(`a foreign ${path} by ${method}`, async () => {
      const response = await edge.request(path, { method, headers: { authorization: `Bearer ${other.text}` } });
      await assertRefused(response, 404, 'video_not_found', 'video_id');
    });
  }
  for (const unknown of [UNKNOWN_ID, 'video_1', id.toUpperCase(), `${id}0`, 'edit']) {
    for (const path of [`/v1/videos/${unknown}`, `/v1/videos/${unknown}/content`]) {
      await t.test(path, async () => assertRefused(await edge.asOwner(path), 404, 'video_not_found', 'video_id'));
    }
  }
});

test('unknown routes are 404 and wrong methods 405 with the right ones named', async () => {
  for (const path of ['/v1', '/v1/videos/', `/v1/videos/${UNKNOWN_ID}/nothing`, '/internal/v1/assets/']) {
    await assertRefused(await edge.asOwner(path), 404, 'unknown_route');
  }
  const cases = [
    ['PATCH', '/v1/videos', 'GET, HEAD, POST'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['PATCH', `/v1/videos/${UNKNOWN_ID}`, 'GET, HEAD, DELETE'],
    ['POST', `/v1/videos/${UNKNOWN_ID}/content`, 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
  ] as const;
  for (const [method, path, allow] of cases) {
    const response = await edge.asOwner(path, { method });
    assert.equal(response.headers.get('allow'), allow);
    await assertRefused(response, 405, 'method_not_allowed');
  }
});

test('health is answered without a key, and a sane request id is kept', async () => {
  const response = await edge.request('/healthz', { headers: { 'x-request-id': 'my-id.1' } });
  assert.deepEqual([response.status, await response.json()], [200, { status: 'ok' }]);
  assert.equal(response.headers.get('x-request-id'), 'my-id.1');
  const insane = await edge.request('/healthz', { headers: { 'x-request-id': 'a b"c' } });
  assert.match(insane.headers.get('x-request-id') ?? '', /^req_/);
});

test('content of a video that is not finished is refused without inviting a retry', async () => {
  const id = await edge.create();
  const response = await edge.asOwner(`/v1/videos/${id}/content`);
  assert.equal(response.headers.get('retry-after-ms'), '1000');
  await assertRefused(response, 409, 'video_not_ready');
  const spritesheet = await edge.asOwner(`/v1/videos/${id}/content?variant=spritesheet`);
  await assertRefused(spritesheet, 409, 'video_not_ready');
  const nonsense = await edge.asOwner(`/v1/videos/${id}/content?variant=x`);
  await assertRefused(nonsense, 400, 'invalid_value', 'variant');
});
