import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ERROR_KINDS } from '@everframe/shared';
import OpenAI, { APIError } from 'openai';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { PROBLEM_TYPE, TITLES, wantsProblem } from './problem.ts';

let edge: TestEdge;
before(async () => {
  edge = await startEdge({});
});
after(() => edge?.close());

const NOWHERE = `video_${'0'.repeat(32)}`;

test('who names problems in Accept gets them, with the error of the dialect inside', async () => {
  for (const [path, inside] of [
    [`/v1/videos/${NOWHERE}`, { type: 'not_found_error', param: 'video_id', code: 'video_not_found' }],
    [`/api/v1/videos/${NOWHERE}`, { code: 404, metadata: { type: 'not_found_error', param: 'video_id', code: 'video_not_found' } }],
  ] as const) {
    const response = await edge.asOwner(path, { headers: { accept: `application/json, ${PROBLEM_TYPE};q=0.5` } });
    assert.deepEqual([response.status, response.headers.get('content-type')], [404, PROBLEM_TYPE]);
    const { detail, error, ...rest } = (await response.json()) as { detail: string; error: { message: string } };
    assert.deepEqual(rest, { type: 'about:blank', title: 'Not Found', status: 404, code: 'video_not_found', param: 'video_id' });
    assert.deepEqual(error, { ...inside, message: detail });
  }
});

test('the stock SDK reads a problem as it reads any refusal', async () => {
  const client = new OpenAI({ baseURL: `${edge.address}v1`, apiKey: 'sk-1', maxRetries: 0, defaultHeaders: { accept: PROBLEM_TYPE } });
  await assert.rejects(
    client.videos.list(),
    (error: unknown) => error instanceof APIError && error.status === 401 && error.code === 'invalid_api_key' && error.requestID !== null,
  );
});

test('who does not name them, or does not want them, gets none', async () => {
  for (const accept of [
    undefined,
    '',
    '*/*',
    'application/json',
    'application/*',
    `${PROBLEM_TYPE};q=0`,
    `text/html, ${PROBLEM_TYPE}; q=0.00`,
  ])
    assert.equal(wantsProblem(accept), false, accept);
  for (const accept of [PROBLEM_TYPE, 'Application/Problem+JSON', `a/b;q=1,${PROBLEM_TYPE} ; q=0.1`])
    assert.ok(wantsProblem(accept), accept);
  const plain = await edge.asOwner(`/v1/videos/${NOWHERE}`, { headers: { accept: '*/*' } });
  assert.match(plain.headers.get('content-type') ?? '', /^application\/json/);
  assert.deepEqual(Object.keys((await plain.json()) as object), ['error']);
});

test('every status that a refusal may have has a title', () => {
  for (const { status } of Object.values(ERROR_KINDS)) assert.ok(TITLES[status], String(status));
});
