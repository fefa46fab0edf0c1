/** Looking manifests up by mark and fingerprint: what is found, what is refused, and what stays of a deleted video. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bandsOf, FINGERPRINT_ALG, MARK_ALG } from '@everframe/shared/mark';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { until } from '../testing/until.ts';
import { commitChunks, finalAssets } from '../testing/worker.ts';
import { matchFingerprint } from './match-fingerprint.ts';

const FINGERPRINT = ['00112233445566778899aabb', 'ccddeeff0011223344556677', '8899aabbccddeeff00112233'];

let edge: TestEdge;
let visitor = 0;
before(async () => {
  edge = await startEdge({ DNS_RESOLVER_URL: '' });
});
after(async () => edge?.close());

/** Each call as another visitor. */
function call(path: string, init: RequestInit = {}): Promise<Response> {
  visitor += 1;
  return edge.request(`/v1/c2pa${path}`, { ...init, headers: { 'cf-connecting-ip': `198.51.100.${visitor}`, ...init.headers } });
}

function find(alg: string, hex: string): Promise<Response> {
  const value = Buffer.from(hex, 'hex').toString('base64');
  return call('/matches/byBinding', {
    method: 'POST',
    body: JSON.stringify({ alg, value }),
    headers: { 'content-type': 'application/json' },
  });
}

async function matchesOf(response: Response): Promise<{ manifestId: string; similarityScore: number }[]> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text).matches;
}

async function refusalOf(response: Response): Promise<[number, string, string | null]> {
  const { error } = (await response.json()) as { error: { code: string; param: string | null } };
  return [response.status, error.code, error.param];
}

async function published(manifest_id: string, fingerprint: readonly string[]): Promise<{ video_id: string; mark: string }> {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const { epoch, mark = '' } = claim;
  const parent = await commitChunks(edge, claim, video_id, 0, 2);
  const credential = { manifest_id, mark, fingerprint };
  const request = { epoch, parent, ...(await finalAssets(edge, claim, video_id)), credential };
  const answer = await edge.call(video_id, 'complete', request);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal((await edge.call(video_id, 'complete', request)).status, 200, 'completing is safe to repeat');
  await until('the look-up knows it', async () => (await matchesOf(await find(MARK_ALG, mark))).length > 0);
  return { video_id, mark };
}

test('a video has one mark at every claim, another than its neighbours, and is found by it with GET and POST', async () => {
  const { mark } = await published('urn:c2pa:one', FINGERPRINT);
  assert.match(mark, /^[0-9a-f]{12}$/);
  const matches = [{ manifestId: 'urn:c2pa:one', similarityScore: 100 }];
  assert.deepEqual(await matchesOf(await find(MARK_ALG, mark)), matches);
  const query = new URLSearchParams({ alg: MARK_ALG, value: Buffer.from(mark, 'hex').toString('base64') });
  assert.deepEqual(await matchesOf(await call(`/matches/byBinding?${query}`)), matches);
  const first = await edge.create();
  const claim = await edge.claim(first);
  assert.notEqual(claim.mark, mark);
  await edge.call(first, 'release', { epoch: claim.epoch, reason: 'shutdown' });
  assert.equal((await edge.claim(first)).mark, claim.mark);
  assert.deepEqual(await matchesOf(await find(MARK_ALG, '000000000000')), []);
});

test('a fingerprint with a few turned bits leads to its file, one second of it or another fingerprint does not', async () => {
  await published('urn:c2pa:two', ['f0f0f0f0f0f0f0f0f0f0f0f0', '0ff00ff00ff00ff00ff00ff0', '3333cccc3333cccc3333cccc']);
  const near = ['f0f0f0f0f0f0f0f0f0f0f0f7', '0ff00ff00ff00ff00ff00fff'];
  const [match, ...others] = await matchesOf(await find(FINGERPRINT_ALG, near.join('')));
  assert.deepEqual([match?.manifestId, others], ['urn:c2pa:two', []]);
  assert.ok((match?.similarityScore ?? 0) >= 95 && (match?.similarityScore ?? 0) < 100);
  assert.deepEqual(await matchesOf(await find(FINGERPRINT_ALG, `${near[0]}${'5a'.repeat(12)}`)), []);
  assert.deepEqual(await matchesOf(await find(FINGERPRINT_ALG, '5a'.repeat(24))), []);
  assert.deepEqual(await matchesOf(await find(FINGERPRINT_ALG, `${near[0]}${'00'.repeat(12)}`)), [], 'a flat second says nothing');
  assert.deepEqual(await matchesOf(await find(FINGERPRINT_ALG, `${near[0]}${near[0]}`)), [], 'the same second twice is one');
});

test('what is no look-up is refused with the rule', async () => {
  assert.deepEqual(await refusalOf(await call('/matches/byBinding')), [400, 'missing_required_parameter', 'value']);
  assert.deepEqual(await refusalOf(await call('/matches/byBinding?value=AAAA')), [400, 'missing_required_parameter', 'alg']);
  assert.deepEqual(await refusalOf(await find('io.iscc.v0', '00')), [400, 'invalid_value', 'alg']);
  assert.deepEqual(await refusalOf(await find(MARK_ALG, '00')), [400, 'invalid_value', 'value']);
  for (const seconds of [0, 1, 1.5, 121]) {
    assert.deepEqual(
      await refusalOf(await find(FINGERPRINT_ALG, '5a'.repeat(12 * seconds))),
      [400, 'invalid_value', 'value'],
      `${seconds}`,
    );
  }
  assert.deepEqual(await refusalOf(await call(`/matches/byBinding?alg=${MARK_ALG}&value=%21`)), [400, 'invalid_value', 'value']);
  assert.deepEqual(await refusalOf(await call('/matches/byBinding?maxResults=0&value=AAAA')), [400, 'invalid_value', 'maxResults']);
  assert.deepEqual(await refusalOf(await call('/matches/byBinding?prompt=x')), [400, 'unknown_parameter', 'prompt']);
  assert.deepEqual(await refusalOf(await call('/matches/byContent', { method: 'POST', body: 'a file' })), [
    400,
    'unsupported_operation',
    null,
  ]);
  assert.deepEqual(await refusalOf(await call('/manifests/urn:c2pa:none')), [404, 'manifest_not_found', null]);
  const algorithms = await (await call('/services/supportedAlgorithms')).json();
  assert.deepEqual(algorithms, { watermarks: [{ alg: MARK_ALG }], fingerprints: [{ alg: FINGERPRINT_ALG }] });
});

test('of a deleted video the look-up says that there was one, and knows its fingerprint no more', async () => {
  const { video_id, mark } = await published('urn:c2pa:three', ['7777888877778888aaaa8888', '1234123412341234abcdabcd']);
  await edge.asOwner(`/v1/videos/${video_id}`, { method: 'DELETE' });
  await until('the manifest is gone', async () => (await call('/manifests/urn:c2pa:three')).status === 410);
  assert.deepEqual(await refusalOf(await call('/manifests/urn:c2pa:three')), [410, 'manifest_gone', null]);
  assert.equal((await matchesOf(await find(MARK_ALG, mark))).length, 1);
  const rows = await edge.env.DB.prepare("SELECT * FROM fingerprint_bands WHERE manifest_id = 'urn:c2pa:three'").all();
  assert.deepEqual(rows.results, []);
  const kept = await edge.env.DB.prepare("SELECT * FROM credentials WHERE manifest_id = 'urn:c2pa:three'").first();
  assert.deepEqual(kept, { manifest_id: 'urn:c2pa:three', mark, file_key: null, video_id: null });
});

test('the likest file comes first, and two seconds of it must agree, not one with two hashes', () => {
  const asked = ['f'.repeat(24), '1'.repeat(24)];
  const seconds = (manifest_id: string, hashes: readonly string[]) => hashes.map((hash, second) => ({ manifest_id, second, hash }));
  const near = `${'f'.repeat(22)}e0`;
  const found = matchFingerprint(asked, [
    ...seconds('near', [near, '1'.repeat(24)]),
    ...seconds('same', asked),
    ...seconds('one second', ['f'.repeat(24), '5'.repeat(24)]),
    ...seconds('one hash', ['f'.repeat(24), near]),
  ]);
  assert.deepEqual(
    found.map(({ manifest_id, score }) => [manifest_id, score]),
    [
      ['same', 100],
      ['near', 97],
    ],
  );
  // Two beginnings of the same second, as a look-up sends them.
  assert.deepEqual(matchFingerprint(['f'.repeat(24), near], seconds('one second', ['f'.repeat(24), '1'.repeat(24)])), []);
});

test('of more candidates than are compared, those that share most bands are', async () => {
  // 21,000 seconds that share one band with the first hash; their files are named before the one that is asked for.
  const asked = ['abcd11112222333344445555', '9999aaaa8888bbbb7777cccc'];
  const [band = 0] = bandsOf(asked[0] ?? '');
  await edge.env.DB.prepare(
    `WITH RECURSIVE rows (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM rows WHERE i < 20999)
     INSERT INTO fingerprint_bands (band, manifest_id, second, hash) SELECT ?, 'urn:c2pa:crowd' || (i / 100), i % 100, 'abcd00000000000000000000' FROM rows`,
  )
    .bind(band)
    .run();
  await published('urn:c2pa:sought', asked);
  const [match] = await matchesOf(await find(FINGERPRINT_ALG, asked.join('')));
  assert.deepEqual(match, { manifestId: 'urn:c2pa:sought', similarityScore: 100 });
});
