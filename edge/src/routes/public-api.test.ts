/** Requests for videos against the real Worker: what is accepted, what is refused and how, and that refusals leave no trace. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import { CREATE_WITH_PICTURE_MAX_BYTES, PROMPT_MAX_CHARACTERS, SEED_MAX } from '@everframe/shared';
import { assertRefused } from '../testing/assert-refused.ts';
import { type EdgeWithQueue, startEdgeWithQueue } from '../testing/edge-with-queue.ts';
import { until } from '../testing/until.ts';

let edge: EdgeWithQueue;

before(async () => {
  edge = await startEdgeWithQueue();
});
after(() => edge?.close());

const VIDEO_KEYS = [
  ...['id', 'object', 'model', 'status', 'progress', 'created_at', 'completed_at', 'expires_at', 'prompt', 'size', 'seconds'],
  ...[
    'remixed_from_video_id',
    'extended_from_video_id',
    'edited_from_video_id',
    'strength',
    'error',
    'negative_prompt',
    'segments',
    'prompt_disclosure',
    'seed',
    'fps',
  ],
  ...['frames', 'ended_by', 'usage'],
];
const JSON_HEADERS = { 'content-type': 'application/json' };

function createJson(body: unknown): Promise<Response> {
  return edge.asOwner('/v1/videos', { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify(body) });
}

function createForm(fields: Record<string, string | Blob>): Promise<Response> {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return edge.asOwner('/v1/videos', { method: 'POST', body });
}

test('a multipart request becomes a queued video with every field of the contract, recorded and announced', async () => {
  const response = await createForm({
    prompt: '  a red ball  ',
    model: 'everframe-storybook-1',
    seconds: '8',
    size: '128x128',
    seed: '42',
  });
  const { warnings, ...video } = (await response.json()) as Record<string, unknown>;
  assert.equal(response.status, 200, JSON.stringify(video));
  assert.deepEqual(Object.keys(video).sort(), [...VIDEO_KEYS].sort());
  assert.deepEqual(warnings, []);
  const { id, created_at, model, fps, frames, ...rest } = video;
  assert.match(String(id), /^video_[0-9a-f]{32}$/);
  assert.ok(Math.abs(Number(created_at) - Date.now() / 1000) < 60);
  assert.equal(model, 'everframe-storybook-1');
  assert.deepEqual(frames, { done: 0, total: 8 * Number(fps) });
  assert.deepEqual(rest, {
    ...{ object: 'video', status: 'queued', progress: 0, completed_at: null, expires_at: null, prompt: 'a red ball', size: '128x128' },
    ...{
      seconds: '8',
      remixed_from_video_id: null,
      extended_from_video_id: null,
      edited_from_video_id: null,
      strength: null,
      error: null,
      negative_prompt: '',
      segments: [],
      prompt_disclosure: 'hash',
      seed: 42,
    },
    ended_by: null,
    usage: { estimated_micro_usd: 8000, charged_micro_usd: null },
  });

  const [message] = await edge.queue.messages(String(id), 1);
  assert.equal(message?.version, 1);
  assert.equal(message?.request_id, response.headers.get('x-request-id'));
  const retrieved = await edge.asOwner(`/v1/videos/${id}`);
  assert.deepEqual(await retrieved.json(), video);
  assert.equal(retrieved.headers.get('openai-poll-after-ms'), '1000');
});

test('a JSON request with only a prompt gets every default filled', async () => {
  const response = await createJson({ prompt: 'a blue ball' });
  const video = (await response.json()) as Record<string, unknown>;
  assert.equal(response.status, 200, JSON.stringify(video));
  assert.equal(video.seconds, '4');
  assert.equal(video.size, '128x128');
  assert.ok(Number.isInteger(video.seed) && Number(video.seed) >= 0 && Number(video.seed) <= SEED_MAX);
});

test('a prompt of exactly the longest length is accepted, counted in code points', async () => {
  const response = await createJson({ prompt: '🎈'.repeat(PROMPT_MAX_CHARACTERS) });
  assert.equal(response.status, 200, await response.text());
});

const missing = ['missing_required_parameter', 'prompt'] as const;
const REFUSED_FIELDS: readonly (readonly [claim: string, fields: object, code: string, param: string])[] = [
  ['no prompt', {}, ...missing],
  ['a null prompt', { prompt: null }, ...missing],
  ['an empty prompt', { prompt: '' }, 'string_too_short', 'prompt'],
  ['a blank prompt', { prompt: ' \n\t ' }, 'string_too_short', 'prompt'],
  ['an over-long prompt', { prompt: 'a'.repeat(PROMPT_MAX_CHARACTERS + 1) }, 'string_too_long', 'prompt'],
  ['a prompt that is a number', { prompt: 7 }, 'invalid_type', 'prompt'],
  ['a prompt that is a list', { prompt: ['a'] }, 'invalid_type', 'prompt'],
  ['a NUL in the prompt', { prompt: 'a\u0000b' }, 'invalid_value', 'prompt'],
  ['an escape in the prompt', { prompt: 'a\u001b[31mb' }, 'invalid_value', 'prompt'],
  ['a bidirectional override in the prompt', { prompt: 'a\u202eb' }, 'invalid_value', 'prompt'],
  ['a prompt that is too long for the model', { prompt: 'red '.repeat(200), strict: 'true' }, 'prompt_too_long', 'prompt'],
  ['a strictness that is no truth value', { prompt: 'a', strict: 'very' }, 'invalid_value', 'strict'],
  ['an unknown model', { prompt: 'a', model: 'sora-9' }, 'model_not_found', 'model'],
  ['a model that is a number', { prompt: 'a', model: 2 }, 'invalid_type', 'model'],
  ['an impossible size', { prompt: 'a', size: '1280x720' }, 'invalid_value', 'size'],
  ['a size that is a number', { prompt: 'a', size: 128 }, 'invalid_value', 'size'],
  ['0 seconds', { prompt: 'a', seconds: 0 }, 'invalid_value', 'seconds'],
  ['-1 seconds', { prompt: 'a', seconds: -1 }, 'invalid_value', 'seconds'],
  ['1.5 seconds', { prompt: 'a', seconds: 1.5 }, 'invalid_value', 'seconds'],
  ['abc seconds', { prompt: 'a', seconds: 'abc' }, 'invalid_value', 'seconds'],
  ['too many seconds', { prompt: 'a', seconds: 601 }, 'invalid_value', 'seconds'],
  ['a negative seed', { prompt: 'a', seed: -1 }, 'invalid_value', 'seed'],
  ['a seed past 32 bits', { prompt: 'a', seed: SEED_MAX + 1 }, 'invalid_value', 'seed'],
  ['a seed that is a word', { prompt: 'a', seed: 'lucky' }, 'invalid_value', 'seed'],
  ['a segment without a prompt', { prompt: 'a', segments: [{ start: 1 }] }, 'missing_required_parameter', 'segments[0].prompt'],
  ['a segment behind the end', { prompt: 'a', segments: '[{"start":4,"prompt":"b"}]' }, 'invalid_value', 'segments[0].start'],
  ['segments that are no list', { prompt: 'a', segments: 'later' }, 'invalid_value', 'segments'],
  ['a negative prompt with an escape', { prompt: 'a', negative_prompt: 'a\u001b[31mb' }, 'invalid_value', 'negative_prompt'],
  ['a disclosure that there is not', { prompt: 'a', prompt_disclosure: 'all' }, 'invalid_value', 'prompt_disclosure'],
  ['an unknown field', { prompt: 'a', watermark: true }, 'unknown_parameter', 'watermark'],
  ['a known field in brackets', { prompt: 'a', 'seed[0]': '7' }, 'unknown_parameter', 'seed[0]'],
  ['an input reference', { prompt: 'a', input_reference: 'x' }, 'invalid_type', 'input_reference'],
];

test('every bad field is refused with its own code and parameter, and leaves neither record nor message', async (t) => {
  const before = await countVideos();
  for (const [claim, fields, code, param] of REFUSED_FIELDS) {
    await t.test(`${claim} in JSON`, async () => assertRefused(await createJson(fields), 400, code, param));
  }
  const asForm = REFUSED_FIELDS.filter(([, fields]) => Object.values(fields).every((value) => ['string', 'number'].includes(typeof value)));
  const textual = asForm.filter(([claim]) => !claim.endsWith('is a number'));
  for (const [claim, fields, code, param] of textual) {
    const form = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
    await t.test(`${claim} in multipart`, async () => assertRefused(await createForm({ ...form, ...extraField(form) }), 400, code, param));
  }
  await t.test('a prompt that is a file', async () => {
    await assertRefused(await createForm({ prompt: new Blob(['a red ball']) }), 400, 'invalid_type', 'prompt');
  });
  await t.test('a prompt given twice', async () => {
    const body = new FormData();
    body.append('prompt', 'a');
    body.append('prompt', 'b');
    await assertRefused(await edge.asOwner('/v1/videos', { method: 'POST', body }), 400, 'invalid_type', 'prompt');
  });
  assert.equal(await countVideos(), before);
});

/** An empty multipart body is not well-formed, so the case without any field carries a harmless one. */
function extraField(form: object): Record<string, string> {
  return Object.keys(form).length === 0 ? { seconds: '4' } : {};
}

/** How many videos there are, once each has its index row and its message: so nothing is on its way. */
function countVideos(): Promise<number> {
  return until('as many rows and messages as objects', async () => {
    const objects = (await edge.worker.listDurableObjectIds('VIDEO')).length;
    const rows = await edge.env.DB.prepare('SELECT COUNT(*) AS n FROM videos').first<{ n: number }>();
    return rows?.n === objects && edge.queue.all().length === objects && objects;
  });
}

function post(body: BodyInit, content_type: string): Promise<Response> {
  return edge.asOwner('/v1/videos', { method: 'POST', headers: { 'content-type': content_type }, body });
}

test('a body that cannot be read is refused by what is wrong with it', async (t) => {
  const part = '--b\r\ncontent-disposition: form-data; name="prompt"\r\n\r\na red ball';
  const cases: readonly (readonly [string, () => Promise<Response>, number, string])[] = [
    ['broken JSON', () => post('{"prompt":', 'application/json'), 400, 'invalid_json'],
    ['an empty JSON body', () => post('', 'application/json'), 400, 'invalid_json'],
    ['a JSON list', () => post('[]', 'application/json'), 400, 'invalid_json'],
    ['JSON that is not UTF-8', () => post(new Uint8Array([0x22, 0xff, 0x22]), 'application/json'), 400, 'invalid_json'],
    ['multipart cut short', () => post(part, 'multipart/form-data; boundary=b'), 400, 'invalid_multipart'],
    ['multipart with another boundary', () => post(`${part}\r\n--b--\r\n`, 'multipart/form-data; boundary=c'), 400, 'invalid_multipart'],
    ['multipart without boundary', () => post(`${part}\r\n--b--\r\n`, 'multipart/form-data'), 400, 'invalid_multipart'],
    ['a plain form', () => post('prompt=a', 'application/x-www-form-urlencoded'), 415, 'unsupported_media_type'],
    ['plain text', () => post('a red ball', 'text/plain'), 415, 'unsupported_media_type'],
    ['a large body', () => post(`"${'a'.repeat(CREATE_WITH_PICTURE_MAX_BYTES)}"`, 'application/json'), 413, 'body_too_large'],
  ];
  const before = await countVideos();
  for (const [claim, send, status, code] of cases) {
    await t.test(claim, async () => assertRefused(await send(), status, code));
  }
  assert.equal(await countVideos(), before);
});

test('a body of undeclared length is refused as soon as it is too large, though it never ends', async () => {
  const headers = { ...JSON_HEADERS, authorization: `Bearer ${edge.key.text}` };
  const request = httpRequest(`${edge.address}v1/videos`, { method: 'POST', headers });
  request.write(new Uint8Array(CREATE_WITH_PICTURE_MAX_BYTES + 1));
  const [response] = (await once(request, 'response', { signal: AbortSignal.timeout(10_000) })) as [IncomingMessage];
  assert.equal(response.statusCode, 413);
  request.on('error', () => {}); // Ended here on purpose, so a reset is no failure.
  request.destroy();
});
