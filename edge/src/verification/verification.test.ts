/** Checks of strangers' files: what they answer without a credential, what they refuse, and how often they may be asked. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, it } from 'node:test';
import { VERIFY_MAX_BYTES, VISITOR_CHECKS_PER_MINUTE, VISITOR_URL_MAX_BYTES } from '@everframe/shared';
import type { VerificationReport } from '@everframe/shared/verification';
import OpenAI from 'openai';
import { startEdge, type TestEdge, textBytes } from '../testing/edge.ts';

let edge: TestEdge;
let visitor = 0;

/** A picture of one pixel, without a credential. */
const PNG = new Uint8Array(
  Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
);

before(async () => {
  edge = await startEdge({ OUTBOUND_LOOPBACK: 'allow', DNS_RESOLVER_URL: '' });
});
after(async () => edge?.close());

/** Each call as another visitor, but where an address is given. */
function verify(body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  visitor += 1;
  return edge.request('/v1/verify', {
    method: 'POST',
    body,
    headers: { 'cf-connecting-ip': `198.51.100.${visitor}`, ...headers },
  });
}

async function refusal(response: Response): Promise<{ status: number; code: string; message: string }> {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return { status: response.status, code: error.code, message: error.message };
}

// c2pa-rs takes minutes over these, in time that grows with the square of their number.
for (const outer of ['moov', 'meta'] as const) {
  it(`a hundred thousand empty boxes in one of ${outer} are refused before they are parsed`, { timeout: 20_000 }, async () => {
    const box = (type: string, content: Uint8Array) => {
      const size = Buffer.alloc(4);
      size.writeUInt32BE(8 + content.length);
      return Buffer.concat([size, Buffer.from(type), content]);
    };
    const empty = Buffer.alloc(800_000, box('trak', Buffer.alloc(0)));
    const inner = outer === 'meta' ? box('meta', empty) : empty;
    const file = Buffer.concat([box('ftyp', Buffer.from('isom\0\0\0\0')), box('moov', inner)]);
    const response = await verify(file, { 'content-type': 'video/mp4' });
    const report = (await response.json()) as VerificationReport;
    assert.equal(response.status, 200);
    assert.equal(report.verdict, 'unreadable');
    assert.match(JSON.stringify(report), /more than 5000 boxes/);
  });
}

it('a picture without a credential is told so, as a body, in a form and at a URL, without a key', async () => {
  const server = createServer((_, response) => response.end(PNG)).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => server.once('listening', resolve));
    const form = new FormData();
    form.set('file', new File([PNG], 'a.png'));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.png`;
    for (const response of [
      await verify(PNG, { 'content-type': 'image/png' }),
      await verify(form),
      await verify(JSON.stringify({ url }), { 'content-type': 'application/json' }),
    ]) {
      const report = (await response.json()) as VerificationReport & { bytes: number };
      assert.equal(response.status, 200, JSON.stringify(report));
      assert.equal(report.verdict, 'no_credential');
      assert.equal(report.validation_state, 'not_present');
      assert.equal(report.bytes, PNG.length);
    }
  } finally {
    server.close();
  }
});

it("OpenAI's SDK reads that no signal was found", async () => {
  const client = new OpenAI({ baseURL: new URL('/v1', edge.address).href, apiKey: edge.key.text });
  const check = await client.contentProvenanceChecks.create({ file: new File([PNG], 'a.png', { type: 'image/png' }) });
  assert.equal(check.object, 'content_provenance_check');
  assert.ok(Math.abs(check.created_at - Date.now() / 1000) < 60);
  assert.deepEqual(check.results, [
    { type: 'c2pa', outcome: 'not_detected', validation_state: 'not_present', issuer: null, model: null, generated_at: null },
  ]);
});

it('a wrong key is refused, even where none is needed', async () => {
  assert.deepEqual((await refusal(await verify(PNG, { authorization: 'Bearer sk-abc' }))).code, 'invalid_api_key');
});

it('what is no file to be checked is refused with its reason', async () => {
  const json = { 'content-type': 'application/json' };
  const form = new FormData();
  form.set('file', 'a text');
  const cases: [BodyInit, Record<string, string>, number, string][] = [
    ['', {}, 400, 'missing_required_parameter'],
    [textBytes('%PDF-1.7 is no picture'), { 'content-type': 'application/pdf' }, 400, 'unsupported_file'],
    [form, {}, 400, 'invalid_type'],
    [new FormData(), {}, 400, 'missing_required_parameter'],
    ['--x', { 'content-type': 'multipart/form-data; boundary=y' }, 400, 'invalid_multipart'],
    ['{"url":', json, 400, 'invalid_json'],
    ['{}', json, 400, 'missing_required_parameter'],
    ['{"url":7}', json, 400, 'invalid_type'],
    ['{"url":"https://a.example/b","x":1}', json, 400, 'unknown_parameter'],
    ['{"url":"https://10.0.0.1/a.mp4"}', json, 400, 'url_not_allowed'],
    ['{"url":"http://93.184.216.34/a.mp4"}', json, 400, 'url_not_allowed'],
    ['{"url":"http://127.0.0.1:9/a.mp4"}', json, 400, 'url_unreachable'],
    [new Uint8Array(VERIFY_MAX_BYTES + 1), { 'content-type': 'video/mp4' }, 413, 'body_too_large'],
  ];
  for (const [body, headers, status, code] of cases) {
    const answer = await refusal(await verify(body, headers));
    assert.deepEqual({ status: answer.status, code: answer.code }, { status, code }, answer.message);
  }
});

it('a URL that redirects, or whose file is too large, is refused', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end();
    // Without a length, so that the bytes must be counted.
    else response.write(PNG, () => response.end(Buffer.alloc(VERIFY_MAX_BYTES)));
  }).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const codeOf = async (path: string) =>
      (await refusal(await verify(JSON.stringify({ url: `http://127.0.0.1:${port}${path}` }), { 'content-type': 'application/json' })))
        .code;
    assert.equal(await codeOf('/moved'), 'url_unreachable');
    assert.equal(await codeOf('/large'), 'body_too_large');
  } finally {
    server.close();
  }
});

it('what the edge fetches for a visitor without a key has a bound of its own', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': VISITOR_URL_MAX_BYTES + 1 });
    response.write(PNG, () => response.destroy());
  }).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const refusalFor = async (headers: Record<string, string>) =>
      refusal(await verify(JSON.stringify({ url }), { 'content-type': 'application/json', ...headers }));
    const visitor = await refusalFor({});
    assert.deepEqual([visitor.status, visitor.code], [413, 'body_too_large']);
    assert.match(visitor.message, /^Without a key/);
    const owner = await refusalFor({ authorization: `Bearer ${edge.key.text}` });
    assert.equal(owner.code, 'url_unreachable', 'it was begun to be read, and broke off');
  } finally {
    server.close();
  }
});

it('a broken file is unreadable, not altered', async () => {
  const report = (await (await verify(Buffer.concat([PNG.subarray(0, 20), Buffer.alloc(400, 0xff)]))).json()) as VerificationReport;
  assert.equal(report.verdict, 'unreadable');
});

it('without a key a client address has so many checks a minute, an IPv6 network as one', async () => {
  const from = (address: string) => edge.request('/v1/verify', { method: 'POST', body: PNG, headers: { 'cf-connecting-ip': address } });
  for (let i = 0; i < VISITOR_CHECKS_PER_MINUTE; i++) assert.equal((await from(`2001:db8:1:2::${i}`)).status, 200);
  const refused = await from('2001:db8:1:2:ffff::1');
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.deepEqual((await refusal(refused)).code, 'rate_limit_exceeded');
  assert.equal((await from('2001:db8:1:3::1')).status, 200);
});

it('the root of a development chain stops the checks of a production, and is never handed out', async () => {
  const production = await startEdge({});
  try {
    const pem = await readFile(new URL('../testing/development-root.pem', import.meta.url).pathname, 'utf8');
    await production.env.MEDIA.put('trust/own-roots.pem', pem);
    const trust = await production.request('/v1/verify/trust');
    assert.deepEqual((await refusal(trust)).code, 'internal_error');
    assert.equal((await production.request('/v1/verify', { method: 'POST', body: PNG })).status, 500);
    await production.env.MEDIA.delete('trust/own-roots.pem');
    assert.deepEqual(await (await production.request('/v1/verify/trust')).json(), {
      object: 'trust_roots',
      own_roots_pem: '',
      trust_list_pem: '',
    });
  } finally {
    await production.close();
  }
});
