/** Moderation against the real Worker, with a real HTTP server for the second opinion: what is refused, when, and what stays of it. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { MODERATION_INPUTS_MAX, PROMPT_MAX_CHARACTERS } from '@everframe/shared';
import OpenAI, { type APIError } from 'openai';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { refusalOf } from '../testing/refusal-of.ts';
import { CATEGORIES } from './categories.ts';

const HARMLESS = 'a red ball';
const HARMFUL = 'n\u0430k\u0435d w0man';

/** What the second opinion does with the next requests. */
let behave: 'allow' | 'flag' | 'flag_violence' | 'fail' | 'nonsense' | 'silence' | 'redirect' = 'allow';
const asked: { headers: IncomingHttpHeaders; body: { model: string; input: string } }[] = [];
const opinion = createServer(async (request, response) => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  asked.push({ headers: request.headers, body: JSON.parse(Buffer.concat(parts).toString()) });
  const flagged = behave === 'flag' ? 'hate' : behave === 'flag_violence' ? 'violence' : null;
  const result = {
    flagged: flagged !== null,
    categories: { hate: flagged === 'hate', violence: flagged === 'violence', unheard_of: true },
    category_scores: { hate: flagged === 'hate' ? 0.9 : 0.1, violence: flagged === 'violence' ? 0.8 : 0, unheard_of: 1 },
  };
  switch (behave) {
    case 'fail':
      return response.writeHead(500).end('{}');
    case 'nonsense':
      return response.writeHead(200, { 'content-type': 'application/json' }).end('{"results":[{}]}');
    case 'redirect':
      return response.writeHead(307, { location: '/elsewhere' }).end();
    case 'silence':
      return;
    default:
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ results: [result] }));
  }
});

let lenient: TestEdge;
let strict: TestEdge;

before(async () => {
  await new Promise<void>((resolve) => opinion.listen(0, '127.0.0.1', resolve));
  const vars = {
    LEASE_SECONDS: '60',
    MODERATION_URL: `http://127.0.0.1:${(opinion.address() as AddressInfo).port}/v1/`,
    MODERATION_TIMEOUT_MS: '500',
  };
  lenient = await startEdge({ ...vars, MODERATION_ON_FAILURE: 'allow' }, { MODERATION_API_KEY: 'sk-second-opinion' });
  strict = await startEdge({ ...vars, MODERATION_ON_FAILURE: 'refuse' });
});
after(async () => {
  await lenient?.close();
  await strict?.close();
  opinion.closeAllConnections();
  opinion.close();
});

function clientOf(edge: TestEdge): OpenAI {
  return new OpenAI({ baseURL: `${edge.address}v1`, apiKey: edge.key.text, maxRetries: 0 });
}

function create(edge: TestEdge, prompt: string) {
  return clientOf(edge).videos.create({ prompt, seconds: '1' as '4' });
}

async function blockOf(work: Promise<unknown>): Promise<APIError & { error: { moderation_details?: Details } }> {
  return (await refusalOf(work)) as APIError & { error: { moderation_details?: Details } };
}

interface Details {
  readonly moderation_stage: string;
  readonly categories: string[];
  readonly audit_id: string;
}

test('a harmful prompt is refused before anything is made, says why without repeating it, and leaves a record without it', async () => {
  behave = 'allow';
  const before_asked = asked.length;
  const error = await blockOf(create(lenient, HARMFUL));
  assert.deepEqual([error.status, error.code, error.param, error.type], [400, 'moderation_blocked', 'prompt', 'invalid_request_error']);
  const details = error.error.moderation_details;
  assert.deepEqual([details?.moderation_stage, details?.categories], ['input', ['sexual']]);
  assert.doesNotMatch(JSON.stringify(error.error), /naked|n\u0430k|w0man/);
  assert.equal((await lenient.worker.listDurableObjectIds('VIDEO')).length, 0);
  assert.equal(asked.length, before_asked, 'what the rules refuse leaves the house for nobody');

  const row = await lenient.env.DB.prepare('SELECT * FROM moderation_audits WHERE id = ?').bind(details?.audit_id).first();
  const { created_at_ms, prompt_hmac, ...rest } = row ?? {};
  assert.ok(Math.abs(Number(created_at_ms) - Date.now()) < 60_000);
  assert.match(String(prompt_hmac), /^[0-9a-f]{64}$/);
  assert.deepEqual(rest, {
    ...{ id: details?.audit_id, account_id: 'account_a', request_id: error.requestID, source: 'rules' },
    ...{ categories: '["sexual"]', rules: '["sexual.nude-person"]' },
  });
});

test('equal prompts have equal marks in the record, and others have others', async () => {
  for (const prompt of [HARMFUL, HARMFUL, 'heil hitler']) await blockOf(create(lenient, prompt));
  const { results } = await lenient.env.DB.prepare(
    'SELECT prompt_hmac FROM moderation_audits ORDER BY created_at_ms DESC, rowid DESC LIMIT 3',
  ).all();
  const [other, second, first] = results.map((row) => row.prompt_hmac);
  assert.equal(second, first);
  assert.notEqual(other, first);
});

test('a negative prompt may name what a prompt may not: it leads away from it', async () => {
  behave = 'allow';
  const params = { prompt: HARMLESS, negative_prompt: `${HARMFUL}, blood, gore` };
  assert.equal((await clientOf(lenient).videos.create(params)).status, 'queued');
});

test('a refused prompt uses up no idempotency key', async () => {
  const options = { headers: { 'Idempotency-Key': 'moderated-1' } };
  const client = clientOf(lenient);
  await blockOf(client.videos.create({ prompt: HARMFUL }, options));
  assert.equal((await client.videos.create({ prompt: HARMLESS }, options)).status, 'queued');
});

test('the second opinion is asked about what the rules allow, with its model and key', async () => {
  behave = 'allow';
  assert.equal((await create(lenient, HARMLESS)).status, 'queued');
  const { headers, body } = asked.at(-1) ?? assert.fail('nobody asked');
  assert.deepEqual(body, { model: 'omni-moderation-latest', input: HARMLESS });
  assert.equal(headers.authorization, 'Bearer sk-second-opinion');
  await create(strict, HARMLESS);
  assert.equal(asked.at(-1)?.headers.authorization, undefined);
});

test('what the second opinion flags is refused in its name, but a fight is no reason', async () => {
  behave = 'flag';
  const error = await blockOf(create(lenient, HARMLESS));
  assert.deepEqual([error.code, error.error.moderation_details?.categories], ['moderation_blocked', ['hate']]);
  const row = await lenient.env.DB.prepare('SELECT source, rules FROM moderation_audits WHERE id = ?')
    .bind(error.error.moderation_details?.audit_id)
    .first();
  assert.deepEqual(row, { source: 'second_opinion', rules: '[]' });
  behave = 'flag_violence';
  assert.equal((await create(lenient, HARMLESS)).status, 'queued');
});

test('a second opinion that fails, is silent or makes no sense decides as configured', async () => {
  for (const failure of ['fail', 'nonsense', 'silence', 'redirect'] as const) {
    behave = failure;
    assert.equal((await create(lenient, HARMLESS)).status, 'queued', failure);
    const error = await blockOf(create(strict, HARMLESS));
    assert.deepEqual([error.status, error.code], [503, 'moderation_unavailable'], failure);
    assert.equal((await blockOf(create(strict, HARMFUL))).code, 'moderation_blocked', failure);
  }
  behave = 'allow';
  assert.equal((await create(strict, HARMLESS)).status, 'queued');
});

test('the SDK asks for moderation in each form of its input, and gets every category', async () => {
  behave = 'allow';
  const client = clientOf(lenient);
  const one = await client.moderations.create({ input: HARMFUL });
  assert.deepEqual([one.model, one.results.length], ['everframe-moderation-1', 1]);
  const [result] = one.results;
  assert.ok(result);
  assert.deepEqual([result.flagged, result.categories.sexual, result.categories['sexual/minors']], [true, true, false]);
  assert.ok(result.category_scores.sexual > 0.9 && result.category_scores.hate === 0);
  for (const part of [result.categories, result.category_scores, result.category_applied_input_types]) {
    assert.deepEqual(Object.keys(part), [...CATEGORIES]);
  }
  const list = await client.moderations.create({ model: 'omni-moderation-latest', input: [HARMLESS, HARMFUL] });
  assert.deepEqual(
    list.results.map(({ flagged }) => flagged),
    [false, true],
  );
  const parts = await client.moderations.create({ input: [HARMLESS, HARMFUL].map((text) => ({ type: 'text' as const, text })) });
  assert.deepEqual(
    parts.results.map(({ flagged }) => flagged),
    [true],
  );
  assert.equal((await client.moderations.create({ input: '' })).results[0]?.flagged, false);
});

test('moderation answers with the scores of the second opinion, and needs it only where its failures refuse', async () => {
  behave = 'flag';
  const [result] = (await clientOf(lenient).moderations.create({ input: HARMLESS })).results;
  assert.deepEqual([result?.flagged, result?.categories.hate, result?.category_scores.hate], [true, true, 0.9]);
  behave = 'fail';
  assert.equal((await clientOf(lenient).moderations.create({ input: HARMLESS })).results[0]?.flagged, false);
  assert.equal((await blockOf(clientOf(strict).moderations.create({ input: HARMLESS }))).code, 'moderation_unavailable');
});

test('an input that is no text, too much of it, or an image is refused', async () => {
  const cases = [
    [undefined, 'invalid_type'],
    [7, 'invalid_type'],
    [[], 'invalid_type'],
    [['a', 7], 'invalid_type'],
    [Array(MODERATION_INPUTS_MAX + 1).fill('a'), 'invalid_type'],
    ['a'.repeat(PROMPT_MAX_CHARACTERS + 1), 'string_too_long'],
    [[{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }], 'unsupported_parameter'],
  ] as const;
  for (const [input, code] of cases) {
    const error = await blockOf(clientOf(lenient).moderations.create({ input: input as string }));
    assert.deepEqual([error.status, error.code, error.param], [400, code, 'input']);
  }
});

test('a prompt that the model will not obey whole is warned of in the answer, and refused where that was asked for', async () => {
  behave = 'allow';
  const long = 'a red ball '.repeat(40).trim();
  const send = async (fields: object) => {
    const response = await lenient.asOwner('/v1/videos', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': JSON.stringify(fields).length.toString() },
      body: JSON.stringify({ seconds: 1, ...fields }),
    });
    return (await response.json()) as { warnings: { code: string; param: string; words?: string[] }[]; error: { code: string } };
  };
  assert.deepEqual((await send({ prompt: HARMLESS })).warnings, []);
  const truncated = await send({ prompt: long });
  assert.deepEqual(
    truncated.warnings.map(({ code, param }) => [code, param]),
    [['prompt_truncated', 'prompt']],
  );
  assert.deepEqual((await send({ prompt: long })).warnings, truncated.warnings, 'a replay has the same');
  assert.equal((await send({ prompt: long, strict: true })).error.code, 'prompt_too_long');
  const [warning] = (await send({ prompt: 'a red flibbertigibbet', strict: true })).warnings;
  assert.deepEqual([warning?.code, warning?.words], ['unknown_words', ['flibbertigibbet']]);
  assert.equal((await create(lenient, 'a red flibbertigibbet')).status, 'queued', 'stock clients do not mind');
});
