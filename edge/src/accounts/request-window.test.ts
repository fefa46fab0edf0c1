import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestWindow, WINDOW_MS } from './request-window.ts';

test('in no minute are more requests allowed than the bound, and none fewer', () => {
  const window = new RequestWindow();
  const allowed: number[] = [];
  for (let now_ms = 0; now_ms < 5 * WINDOW_MS; now_ms += 997) {
    const inWindow = allowed.filter((time) => time > now_ms - WINDOW_MS).length;
    const state = window.admit(10, now_ms);
    assert.equal(state.allowed, inWindow < 10, `at ${now_ms}`);
    assert.equal(state.remaining, Math.max(0, 9 - inWindow));
    if (state.allowed) allowed.push(now_ms);
  }
  assert.ok(allowed.length >= 50);
});

test('a refused request learns when the next is allowed, to the millisecond', () => {
  const window = new RequestWindow();
  window.admit(2, 0);
  window.admit(2, 100);
  const { allowed, reset_ms } = window.admit(2, 500);
  assert.deepEqual([allowed, reset_ms], [false, WINDOW_MS - 500]);
  assert.equal(window.admit(2, 500 + reset_ms - 1).allowed, false);
  assert.equal(window.admit(2, 500 + reset_ms).allowed, true);
  assert.equal(window.admit(1, WINDOW_MS + 101).allowed, false, 'a lowered bound counts at once');
});
