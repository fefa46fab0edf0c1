/** Every route of the app refuses what it promises to refuse, in one shape; a route that nobody wrote down fails. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { app } from './app.ts';
import { PACKAGES } from './catalogue.ts';
import { startEdge, type TestEdge } from './testing/edge.ts';
import { type Fixtures, ROUTES, refusalsOf } from './testing/refusals.ts';

let edge: TestEdge;
let fixtures: Fixtures;

before(async () => {
  edge = await startEdge({ OUTBOUND_LOOPBACK: 'allow' });
  fixtures = {
    owner: edge.key,
    stranger: await edge.addKey('account_b'),
    revoked: await edge.addKey('account_a', { revoked_at_ms: Date.now() - 1000 }),
    expired: await edge.addKey('account_a', { expires_at_ms: Date.now() - 1000 }),
    exhausted: await edge.addKey('account_a', { requests_per_minute: 1 }),
    withScopes: (scopes) => edge.addKey('account_a', { scopes: JSON.stringify(scopes) }),
    ids: { video: await edge.create(), webhook_endpoint: await createEndpoint(), account: 'account_a', key: edge.key.id },
  };
});
after(async () => edge?.close());

async function createEndpoint(): Promise<string> {
  const response = await edge.asOwner('/v1/webhook_endpoints', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'here', url: 'http://127.0.0.1:9/', event_types: ['video.failed'] }),
  });
  const { id } = (await response.json()) as { id: string };
  return id;
}

test('every route of the app is written down, and every one written down is there', () => {
  const declared = new Set(app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`));
  assert.deepEqual([...declared].sort(), ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
});

test('every route refuses whoever may not use it, and whatever it cannot take', async (t) => {
  for (const route of ROUTES) {
    for (const { claim, check } of refusalsOf(edge, route, fixtures)) {
      await t.test(`${route.method} ${route.path}: ${claim}`, check);
    }
  }
});

test('a key may do what its scopes say', async () => {
  const reader = await fixtures.withScopes(['videos.read']);
  assert.equal((await edge.as(reader)(`/v1/videos/${fixtures.ids.video}`)).status, 200);
  assert.equal((await edge.as(reader)('/v1/models')).status, 200);
  const nothing = await fixtures.withScopes([]);
  assert.equal((await edge.as(nothing)(`/v1/videos/${fixtures.ids.video}`)).status, 403);
  assert.equal((await edge.as(nothing)(`/v1/models/${PACKAGES[0]?.name}`)).status, 200);
});

test('a page of any origin may ask, with any header, and read what it needs', async () => {
  const headers = {
    origin: 'https://app.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,x-stainless-lang',
  };
  const preflight = await edge.request('/v1/videos', { method: 'OPTIONS', headers });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /POST/);
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'authorization,content-type,x-stainless-lang');
  assert.equal(preflight.headers.get('access-control-allow-credentials'), null);
  for (const authorization of [`Bearer ${edge.key.text}`, 'Bearer wrong']) {
    const answer = await edge.request('/v1/models', { headers: { origin: 'https://app.example', authorization } });
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.match(answer.headers.get('access-control-expose-headers') ?? '', /x-request-id/);
  }
  const internal = await edge.request('/internal/v1/videos/x/claim', { method: 'OPTIONS', headers });
  assert.equal(internal.headers.get('access-control-allow-origin'), null);
});
