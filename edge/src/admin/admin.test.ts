/** What an operator does, and that a customer's key feels it from the next request on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseApiKey } from '@everframe/shared';
import { PACKAGES } from '../catalogue.ts';
import { ADMIN_TOKEN, startEdge, type TestEdge } from '../testing/edge.ts';
import { until } from '../testing/until.ts';
import { commitChunks, finalAssets } from '../testing/worker.ts';

let edge: TestEdge;

before(async () => {
  edge = await startEdge({});
});
after(async () => edge?.close());

type Answer = Record<string, unknown>;

async function admin(method: string, path: string, body?: object): Promise<{ status: number; body: Answer }> {
  const response = await edge.request(`/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer };
}

/** An account that pays first, with a key. */
async function newCustomer(fields: object = {}): Promise<{ account_id: string; key: string; key_id: string }> {
  const account = await admin('POST', '/accounts', { name: 'acme', ...fields });
  assert.equal(account.status, 201, JSON.stringify(account.body));
  const made = await admin('POST', `/accounts/${account.body.id}/keys`, { name: 'first' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return { account_id: String(account.body.id), key: String(made.body.key), key_id: String(made.body.id) };
}

function as(key: string, path: string, init: RequestInit = {}): Promise<Response> {
  return edge.request(path, { ...init, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...init.headers } });
}

function create(key: string, seconds = 1): Promise<Response> {
  return as(key, '/v1/videos', { method: 'POST', body: JSON.stringify({ prompt: 'a red ball', seconds }) });
}

test('an account is made with its bounds, found, listed in pages, and pays before it is served', async () => {
  const { account_id, key, key_id } = await newCustomer();
  const { body } = await admin('GET', `/accounts/${account_id}`);
  const { created_at, ...rest } = body;
  assert.ok(Math.abs(Number(created_at) - Date.now() / 1000) < 60);
  assert.deepEqual(rest, {
    ...{ object: 'account', id: account_id, name: 'acme', billing: 'prepaid', max_concurrent_videos: 4, requests_per_minute: 600 },
    ...{ balance_micro_usd: 0, running_videos: 0, waiting_videos: 0 },
  });
  assert.equal(parseApiKey(key)?.id, key_id);
  assert.equal((await create(key)).status, 402);
  for (let i = 0; i < 2; i++) {
    const grant = await admin('POST', `/accounts/${account_id}/credits`, { id: 'invoice-1', micro_usd: 2000 });
    assert.equal(grant.body.balance_micro_usd, 2000, 'the same grant counts once');
  }
  assert.equal((await create(key)).status, 200);
  assert.equal((await admin('GET', `/accounts/${account_id}`)).body.running_videos, 1);

  const ids: unknown[] = [];
  for (let after = ''; ; ) {
    const { body: page } = await admin('GET', `/accounts?limit=1&after=${after}`);
    const [row] = page.data as Answer[];
    if (row) ids.push(row.id);
    if (!page.has_more) break;
    after = String(page.last_id);
  }
  const rows = await edge.env.DB.prepare('SELECT COUNT(*) AS n FROM accounts').first<{ n: number }>();
  assert.deepEqual([ids.includes(account_id), ids.length, new Set(ids).size], [true, rows?.n, rows?.n]);
});

test('a key is shown once, and kept as a hash', async () => {
  const { account_id, key, key_id } = await newCustomer();
  const { body } = await admin('GET', `/accounts/${account_id}/keys`);
  assert.deepEqual(
    (body.data as Answer[]).map(({ id, name, scopes }) => ({ id, name, scopes })),
    [{ id: key_id, name: 'first', scopes: null }],
  );
  assert.ok(!JSON.stringify(body).includes(key.slice(20)));
  const row = await edge.env.DB.prepare('SELECT * FROM api_keys WHERE id = ?').bind(key_id).first();
  assert.ok(!JSON.stringify(row).includes(key.slice(20)));
});

test('a revoked key is refused from the next request on, and cannot be rotated', async () => {
  const { key, key_id } = await newCustomer();
  assert.equal((await as(key, '/v1/videos')).status, 200);
  const revoked = await admin('DELETE', `/keys/${key_id}`);
  assert.ok(Number(revoked.body.revoked_at) > 0);
  const refused = await as(key, '/v1/videos');
  assert.equal(refused.status, 401);
  assert.match(await refused.text(), /was revoked/);
  assert.deepEqual((await admin('DELETE', `/keys/${key_id}`)).body, revoked.body, 'again, it changes nothing');
  assert.equal((await admin('POST', `/keys/${key_id}/rotate`, {})).status, 400);
});

test('a rotated key works beside the new one for the overlap, and the new one has its bounds', async () => {
  const { account_id } = await newCustomer();
  const fields = { name: 'reader', scopes: ['videos.read'], requests_per_minute: 50, budget_micro_usd: 9000 };
  const { body: old } = await admin('POST', `/accounts/${account_id}/keys`, fields);
  const { body: rotated, status } = await admin('POST', `/keys/${old.id}/rotate`, { overlap_seconds: 60 });
  assert.equal(status, 201);
  const { id: _id, key: _key, created_at: _at, ...bounds } = rotated;
  assert.deepEqual(bounds, {
    ...{ object: 'api_key', account_id, ...fields, max_micro_usd_per_video: null, expires_at: null, revoked_at: null },
  });
  for (const key of [old.key, rotated.key]) assert.equal((await as(String(key), '/v1/videos')).status, 200);
  assert.equal((await create(String(rotated.key))).status, 403);
  await edge.env.DB.prepare('UPDATE api_keys SET expires_at_ms = expires_at_ms - 61000 WHERE id = ?').bind(old.id).run();
  assert.deepEqual([(await as(String(old.key), '/v1/videos')).status, (await as(String(rotated.key), '/v1/videos')).status], [401, 200]);
  const { body: third } = await admin('POST', `/keys/${rotated.id}/rotate`, { overlap_seconds: 0 });
  assert.deepEqual([(await as(String(rotated.key), '/v1/videos')).status, (await as(String(third.key), '/v1/videos')).status], [401, 200]);
});

test('what is no bound is refused by its field', async () => {
  const { account_id } = await newCustomer();
  const cases = [
    ['/accounts', { name: '' }, 'name'],
    ['/accounts', { name: 'a', billing: 'later' }, 'billing'],
    ['/accounts', { name: 'a', max_concurrent_videos: 0 }, 'max_concurrent_videos'],
    [`/accounts/${account_id}/keys`, { scopes: ['admin'] }, 'scopes.0'],
    [`/accounts/${account_id}/keys`, { expires_at: 1 }, 'expires_at'],
    [`/accounts/${account_id}/keys`, { budget_micro_usd: 0.5 }, 'budget_micro_usd'],
    [`/accounts/${account_id}/credits`, { id: 'a', micro_usd: -1 }, 'micro_usd'],
    [`/accounts/${account_id}/credits`, { id: 'a b', micro_usd: 1 }, 'id'],
  ] as const;
  for (const [path, fields, param] of cases) {
    const { status, body } = await admin('POST', path, fields);
    assert.deepEqual([status, (body.error as Answer).param], [400, param], JSON.stringify(fields));
  }
});

test('a charge is seen in the ledger and in the usage, and can be given back once', async () => {
  const { account_id, key, key_id } = await newCustomer();
  await admin('POST', `/accounts/${account_id}/credits`, { id: 'g', micro_usd: 5000 });
  const { id: video_id } = (await (await create(key, 1)).json()) as { id: string };
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(edge, claim, video_id, 0, 1);
  await as(key, `/v1/videos/${video_id}/cancel`, { method: 'POST' });
  await edge.call(video_id, 'complete', { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, video_id)) });
  const view = (await (await as(key, `/v1/videos/${video_id}`)).json()) as { usage: Answer };
  const charged = Number(view.usage.charged_micro_usd);
  assert.ok(charged > 0 && charged < 1000);
  const ledger = await until('the capture', async () => {
    const { data } = (await admin('GET', `/accounts/${account_id}/ledger`)).body as { data: Answer[] };
    return data.length === 4 && data;
  });
  assert.deepEqual(
    ledger.map(({ kind, micro_usd, subject }) => [kind, micro_usd, subject]),
    [
      ['capture', -charged, video_id],
      ['release', 1000, video_id],
      ['reserve', -1000, video_id],
      ['grant', 5000, 'grant_g'],
    ],
  );
  const { body: page } = await admin('GET', `/accounts/${account_id}/ledger?limit=3`);
  const { body: rest } = await admin('GET', `/accounts/${account_id}/ledger?limit=3&after=${page.last_id}`);
  assert.deepEqual([...(page.data as Answer[]), ...(rest.data as Answer[])], ledger);
  for (let i = 0; i < 2; i++) {
    const refund = await admin('POST', `/accounts/${account_id}/refunds`, { video_id });
    assert.deepEqual([refund.status, refund.body.kind, refund.body.micro_usd], [200, 'refund', charged]);
  }
  assert.equal((await admin('GET', `/accounts/${account_id}`)).body.balance_micro_usd, 5000);
  assert.equal((await admin('POST', `/accounts/${account_id}/refunds`, { video_id: 'video_x' })).status, 409);

  const today = new Date().toISOString().slice(0, 10);
  const seconds = (view as unknown as { frames: { done: number }; fps: number }).frames.done / (view as unknown as { fps: number }).fps;
  const row = { day: today, key_id, model: PACKAGES[0]?.name, videos: 1, seconds, charged_micro_usd: charged, refunded_micro_usd: charged };
  const usage = (await (await as(key, '/v1/usage')).json()) as Answer;
  assert.deepEqual([usage.end_date, usage.currency, usage.data], [today, 'usd', [row]]);
  const csv = await as(key, `/v1/usage?format=csv&start_date=${today}&end_date=${today}`);
  assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8');
  assert.equal(await csv.text(), `${Object.keys(row).join(',')}\r\n${Object.values(row).join(',')}\r\n`);
  assert.deepEqual(((await (await as(key, '/v1/usage?end_date=2020-02-29')).json()) as Answer).data, []);
  for (const query of [
    'start_date=2026-02-30',
    'start_date=yesterday',
    'start_date=2020-01-01',
    'end_date=2020-01-01&start_date=2020-01-02',
    'format=xml',
  ]) {
    assert.equal((await as(key, `/v1/usage?${query}`)).status, 400, query);
  }
  await until('both meter events', async () => {
    const { results } = await edge.env.DB.prepare('SELECT kind, micro_usd FROM meter_events WHERE video_id = ? ORDER BY id')
      .bind(video_id)
      .all();
    return (
      JSON.stringify(results) ===
      JSON.stringify([
        { kind: 'capture', micro_usd: charged },
        { kind: 'refund', micro_usd: charged },
      ])
    );
  });
});

test('a deployment without an admin token has no admin routes, whatever is sent', async () => {
  const bare = await startEdge({}, { ADMIN_TOKEN: '' });
  try {
    for (const authorization of ['Bearer ', `Bearer ${ADMIN_TOKEN}`, 'Bearer undefined', 'Bearer null']) {
      for (const [method, path] of [
        ['GET', '/admin/v1/accounts'],
        ['POST', '/admin/v1/keys/x/rotate'],
        ['PATCH', '/admin/v1/accounts'],
      ] as const) {
        const response = await bare.request(path, { method, headers: { authorization } });
        assert.equal(response.status, 404);
        assert.equal(((await response.json()) as { error: Answer }).error.code, 'unknown_route');
      }
    }
  } finally {
    await bare.close();
  }
});
