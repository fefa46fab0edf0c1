import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from './retry-after.ts';

test('a refused page waits as long as it is told, in seconds or until a date, and never less than a second or more than a minute', () => {
  const now = Date.parse('2026-11-01T12:00:00Z');
  for (const [header, expected] of [
    ['7', 7000],
    ['Sun, 01 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Nov 2026 11:00:00 GMT', 1000],
    ['0', 1000],
    ['86400', 60_000],
    ['soon', 1000],
    ['', 1000],
    [null, 1000],
  ] as const) {
    assert.equal(retryAfterMs(header, now), expected, String(header));
  }
});
