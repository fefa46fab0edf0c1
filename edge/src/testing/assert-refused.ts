/** For tests: what every refusal of the public API has in common. */
import assert from 'node:assert/strict';

interface ErrorAnswer {
  readonly error: { message: string; type: string; param: string | null; code: string };
}

/** Every refusal has OpenAI's shape, a request id, and no word of our insides. */
export async function assertRefused(response: Response, status: number, code: string, param: string | null = null): Promise<void> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get('x-request-id') ?? '', /^req_[0-9a-f]{32}$/);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  const { error } = JSON.parse(text) as ErrorAnswer;
  assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type']);
  assert.equal(error.code, code);
  assert.equal(error.param, param);
  assert.ok(error.message.length > 10);
  assert.doesNotMatch(text, /\.ts|at .*:\d+:\d+|SQL/);
  assert.equal(response.headers.get('x-should-retry'), status === 409 ? 'false' : null);
}
