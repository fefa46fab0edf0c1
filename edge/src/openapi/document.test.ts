/** The OpenAPI document against the app it describes: no route without an operation, no example that is not so. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PROMPT_MAX_CHARACTERS, publicationRecord, publicationToSign, SEED_MAX, toGenerationCommand } from '@everframe/shared';
import { app } from '../app.ts';
import { PACKAGES } from '../catalogue.ts';
import { standIn } from '../routes/stand-in.ts';
import { storeCredential } from '../store/credentials.ts';
import { storePublications } from '../store/publications.ts';
import { assertDocumented, assertSchema, resolve } from '../testing/assert-documented.ts';
import { ADMIN_TOKEN, startEdge, type TestEdge } from '../testing/edge.ts';
import { type Receiver, startReceiver } from '../testing/receiver.ts';
import { ROUTES } from '../testing/refusals.ts';
import { completedVideo } from '../testing/worker.ts';
import { OPERATIONS, openApiDocument } from './document.ts';
import { errorsOf, type Json, type Operation } from './operation.ts';

let edge: TestEdge;
let receiver: Receiver;

before(async () => {
  receiver = await startReceiver();
  edge = await startEdge({ OUTBOUND_LOOPBACK: 'allow' });
});
after(async () => {
  await edge?.close();
  await receiver?.close();
});

const CREATE = { $ref: '#/components/schemas/CreateVideo' };

/** A PNG of one pixel. */
const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

function nameOf({ method, path }: Operation): string {
  return `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`;
}

test('every route but those of workers is in the document, and nothing else is', () => {
  const routes = app.routes.filter(({ method, path }) => method !== 'ALL' && !path.startsWith('/internal/'));
  const declared = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  assert.deepEqual(OPERATIONS.map(nameOf).sort(), [...declared].sort());
  const ids = OPERATIONS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, 'operation ids are unique');
});

test('every operation says who may use it as the refusals do', () => {
  for (const operation of OPERATIONS) {
    const route = ROUTES.find(({ method, path }) => `${method} ${path}` === nameOf(operation));
    assert.deepEqual([operation.auth, operation.scope], [route?.auth, route?.scope], nameOf(operation));
    assert.equal(operation.body !== undefined, route?.max_bytes !== undefined, nameOf(operation));
  }
});

test('every reference leads somewhere, and every component is used', () => {
  const document = openApiDocument();
  const text = JSON.stringify(document);
  const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? ''));
  for (const $ref of references) assert.ok(resolve({ $ref }), $ref);
  for (const [kind, components] of Object.entries(document.components)) {
    if (kind === 'securitySchemes') continue;
    for (const name of Object.keys(components as Json)) assert.ok(references.has(`#/components/${kind}/${name}`), `${kind}/${name}`);
  }
});

test('the document is served to any page as it is made here, and the page of it runs no script', async () => {
  const served = await edge.request('/openapi.json', { headers: { origin: 'https://app.example' } });
  assert.deepEqual(await served.json(), JSON.parse(JSON.stringify(openApiDocument())));
  assert.equal(served.headers.get('access-control-allow-origin'), '*');
  const page = await edge.request('/docs');
  const html = await page.text();
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-[\w+/=]+'/);
  assert.doesNotMatch(html, /<script|https?:\/\/(?!127)[^ "<]*\.(js|css)/);
  for (const { id, path } of OPERATIONS) assert.ok(html.includes(`id="${id}"`) && html.includes(path), id);
});

test("the page's style is the one that its policy names", async () => {
  const page = await edge.request('/docs');
  const [, style] = /<style>([\s\S]*?)<\/style>/.exec(await page.text()) ?? [];
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style)));
  assert.ok(page.headers.get('content-security-policy')?.includes(`'sha256-${btoa(String.fromCharCode(...digest))}'`));
});

test('every example of an answer is what its schema says', () => {
  let examples = 0;
  for (const operation of OPERATIONS) {
    const { responses } = openApiDocument().paths[operation.path]?.[operation.method] ?? {};
    for (const { status, example } of operation.answers) {
      if (example === undefined) continue;
      const { content } = (responses as Json)[status] as { content: { 'application/json': { schema: Json } } };
      assertSchema(`${operation.id} ${status}`, content['application/json'].schema, example);
      examples++;
    }
  }
  assert.ok(examples > 25);
});

test('every example of a request is answered as the document says', async (t) => {
  for (const operation of OPERATIONS) {
    const { id, method, path, auth, body } = operation;
    const expected = operation.answers[0]?.status ?? 400;
    const query = Object.entries(operation.query ?? {}).flatMap(([name, { example }]) => (example === undefined ? [] : [[name, example]]));
    const place = path
      .replace('{model}', PACKAGES[0]?.name ?? '')
      .replace('{name}', '0.m4s')
      .replace('{id}', await idFor(operation));
    const target = query.length === 0 ? place : `${place}?${new URLSearchParams(query)}`;
    const headers: Record<string, string> = {
      ...(auth === 'key' && { authorization: `Bearer ${edge.key.text}` }),
      ...(auth === 'admin' && { authorization: `Bearer ${ADMIN_TOKEN}` }),
    };
    const send = (init: RequestInit, more: Record<string, string> = {}) =>
      edge.request(target, { method: method.toUpperCase(), ...init, headers: { ...headers, ...more } });
    if (operation.upload) {
      await t.test(`${id} with a file`, async () => {
        const form = new FormData();
        form.set('file', new File([Buffer.from(PICTURE, 'base64')], 'a.png'));
        const response = await send({ body: form });
        assert.equal(response.status, operation.answers[0]?.status, await response.text());
      });
      continue;
    }
    const example = body && (await reachable(body.example));
    await t.test(`${id} in JSON`, async () => {
      const response = await send(example ? { body: JSON.stringify(example) } : {}, { 'content-type': 'application/json' });
      assert.equal(response.status, expected, await response.text());
    });
    if (!body?.form || !example) continue;
    await t.test(`${id} in multipart`, async () => {
      const form = new FormData();
      for (const [name, value] of Object.entries(example)) {
        // As stock clients send it.
        if (name === 'video') form.append('video[id]', (value as { id: string }).id);
        else form.append(name, typeof value === 'string' ? value : JSON.stringify(value));
      }
      const response = await send({ body: form });
      assert.equal(response.status, expected, await response.text());
    });
  }
});

/** A new thing of the kind that the operation names: the last may be gone. */
async function idFor({ names = {}, id }: Operation): Promise<string> {
  switch (names.id?.refusal) {
    case undefined:
      return '';
    case 'unsupported_operation':
      return 'char_1';
    case 'video_not_found':
      if (id === 'steerVideo') return edge.create({ prompt: 'a red ball', seconds: 8 });
      return id === 'cancelVideo' ? await edge.create() : (await completedVideo(edge)).video_id;
    case 'manifest_not_found':
      return publishedManifest();
    case 'webhook_endpoint_not_found': {
      const response = await edge.asOwner('/v1/webhook_endpoints', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'here', url: receiver.url, event_types: ['video.failed'] }),
      });
      return ((await response.json()) as { id: string }).id;
    }
    case 'account_not_found':
      return 'account_a';
    case 'key_not_found':
      return (await edge.addKey('account_a')).id;
    default:
      throw new Error(`nothing for ${names.id?.refusal}`);
  }
}

/** Of a file that has nothing but a manifest store, and that store nothing but its length. */
async function publishedManifest(): Promise<string> {
  const [manifest_id, file_key] = ['urn:c2pa:published', 'videos/published/1/video.mp4'];
  const store = Buffer.from('0000000c6a756d6200000000', 'hex');
  const content = Buffer.concat([
    Buffer.from('d8fec3d61b0e483c92975828877ec48100000000', 'hex'),
    Buffer.from('manifest\0'),
    Buffer.alloc(8),
    store,
  ]);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.length + 8);
  head.write('uuid', 4);
  await edge.env.MEDIA.put(file_key, Buffer.concat([Buffer.from('0000001066747970', 'hex'), Buffer.alloc(8), head, content]));
  const facts = {
    version: 1,
    video_id: 'video_published',
    manifest_id,
    sha256: 'ab'.repeat(32),
    bytes: 1,
    media_type: 'video/mp4',
  } as const;
  const model = { model: 'a model', model_version: '1.0.0', model_sha256: 'cd'.repeat(32), iat: 1_790_000_000 };
  const record = publicationRecord(publicationToSign({ ...facts, ...model }, ['AA==']), new Uint8Array(64));
  await storePublications(edge.env.DB, [record]);
  await storeCredential(edge.env.DB, { manifest_id, mark: null, fingerprint: [] }, 'video_published', file_key);
  return manifest_id;
}

/** With an address and a video of this machine in place of the reader's. */
async function reachable(example: Json): Promise<Json> {
  return {
    ...example,
    ...('url' in example && { url: receiver.url }),
    ...('video_id' in example && { video_id: (await completedVideo(edge)).video_id }),
    ...('video' in example && { video: { id: (await completedVideo(edge)).video_id } }),
  };
}

const FIELDS: readonly (readonly [fields: Json, sound: boolean])[] = [
  [{ prompt: 'a' }, true],
  [{ prompt: '🎈'.repeat(PROMPT_MAX_CHARACTERS) }, true],
  [{ prompt: '🎈'.repeat(PROMPT_MAX_CHARACTERS + 1) }, false],
  [{ prompt: ' \n\t ' }, false],
  [{ prompt: 'a\u0000' }, false],
  [{ prompt: 'a\u202eb' }, false],
  [{ prompt: 'a\u200fb' }, true],
  [{ prompt: 7 }, false],
  [{ prompt: null }, false],
  [{}, false],
  [{ prompt: 'a', seconds: 600 }, true],
  [{ prompt: 'a', seconds: '8' }, true],
  [{ prompt: 'a', seconds: 601 }, false],
  [{ prompt: 'a', seconds: 1.5 }, false],
  [{ prompt: 'a', seconds: 'abc' }, false],
  [{ prompt: 'a', seed: SEED_MAX }, true],
  [{ prompt: 'a', seed: -1 }, false],
  [{ prompt: 'a', size: '128x128' }, true],
  [{ prompt: 'a', size: '1280x721' }, false],
  [{ prompt: 'a', model: 'sora-9' }, false],
  [{ prompt: 'a', model: 'sora-2', size: '1280x720' }, true],
  [{ prompt: 'a', segments: [{ start: 1, prompt: 'b' }] }, true],
  [{ prompt: 'a', segments: [{ start: '1.5', prompt: 'b', anchor: 'keep' }] }, true],
  [{ prompt: 'a', segments: [{ start: 1, prompt: 'b', anchor: 'drop' }] }, false],
  [{ prompt: 'a', segments: [{ start: 1, prompt: 'b', blend: '2' }] }, true],
  [{ prompt: 'a', segments: [{ start: 1, prompt: 'b', blend: 101 }] }, false],
  [{ prompt: 'a', segments: [{ start: 1 }] }, false],
  [{ prompt: 'a', segments: [{ start: -1, prompt: 'b' }] }, false],
  [{ prompt: 'a', segments: [{ start: 1, prompt: 'b', end: 2 }] }, false],
  [{ prompt: 'a', negative_prompt: 'rain' }, true],
  [{ prompt: 'a', negative_prompt: '' }, true],
  [{ prompt: 'a', negative_prompt: 7 }, false],
  [{ prompt: 'a', prompt_disclosure: 'none' }, true],
  [{ prompt: 'a', prompt_disclosure: 'all' }, false],
  [{ prompt: 'a', watermark: true }, false],
];

test('what the document says of the fields of a create is what becomes of them', () => {
  const passes = (check: () => void) => {
    try {
      check();
      return true;
    } catch {
      return false;
    }
  };
  for (const [fields, sound] of FIELDS) {
    const at = JSON.stringify(fields).slice(0, 100);
    assert.equal(
      passes(() => toGenerationCommand(standIn(fields, PACKAGES, true).request, PACKAGES, 0)),
      sound,
      `${at}, in fact`,
    );
    assert.equal(
      passes(() => assertSchema(at, CREATE, fields)),
      sound,
      `${at}, in the document`,
    );
  }
});

test('an answer that is not documented is found out', async () => {
  const url = 'http://127.0.0.1/v1/models';
  const headers = { 'x-request-id': 'req_1', 'content-type': 'application/json' };
  const list = JSON.stringify({ object: 'list', data: [] });
  const refusal = (code: string) => JSON.stringify({ error: { message: 'm', type: 'server_error', param: null, code } });
  const rejected = (body: string, init: ResponseInit) => assert.rejects(assertDocumented('GET', url, new Response(body, init)), /GET/);
  await assertDocumented('GET', url, new Response(list, { headers }));
  await assertDocumented('GET', url, new Response(refusal('internal_error'), { status: 500, headers }));
  await rejected(list, { headers: { 'content-type': 'application/json' } });
  await rejected(list, { headers: { ...headers, 'x-secret': '1' } });
  await rejected(list, { headers, status: 202 });
  await rejected(list, { headers: { ...headers, 'content-type': 'text/html' } });
  await rejected(list.replace('}', ',"extra":1}'), { headers });
  await rejected(refusal('video_failed'), { status: 500, headers });
  await assert.rejects(assertDocumented('GET', 'http://127.0.0.1/v1/nothing', new Response(list, { headers })), /no such operation/);
});

test('a refusal that every route of its kind has is in each', () => {
  for (const operation of OPERATIONS) {
    const codes = errorsOf(operation);
    assert.ok(codes.includes('internal_error'));
    assert.equal(codes.includes('insufficient_scope'), operation.scope !== undefined);
  }
});
