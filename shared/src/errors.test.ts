import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeError } from './describe-error.ts';
import { ERROR_KINDS, type ErrorKind, EverframeError } from './errors.ts';

test('a refusal reaches the caller as message, type, param and code, without its cause', () => {
  const error = new EverframeError('invalid_value', "'seed' must be …", { param: 'seed', cause: new Error('secret') });
  assert.deepEqual(error.toBody(), {
    error: { message: "'seed' must be …", type: 'invalid_request_error', param: 'seed', code: 'invalid_value' },
  });
  assert.equal(new EverframeError('internal_error', 'x').toBody().error.param, null);
});

/** Where waiting is enough: the first request with this key will have been answered, the minute be over, or another reader gone. */
const PASSING: readonly string[] = ['idempotency_key_in_use', 'rate_limit_exceeded', 'too_many_readers'];

test('only our own faults, and what passes by waiting, invite a retry', () => {
  for (const [code, { status, retryable }] of Object.entries<ErrorKind>(ERROR_KINDS)) {
    assert.ok(status >= 400 && status < 600, code);
    assert.equal(retryable, status >= 500 || PASSING.includes(code), code);
  }
});

test('an error is described by its message and those of its causes, never by a stack', () => {
  const error = new Error('no commit', { cause: new TypeError('fetch failed', { cause: 'ECONNRESET' }) });
  assert.equal(describeError(error), 'no commit: fetch failed: ECONNRESET');
  assert.equal(describeError('text'), 'text');
});
