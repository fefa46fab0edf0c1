import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { createApiKey, hashApiKey, parseApiKey } from './api-key.ts';

test('a new key is one word, is read back as it was made, and is another each time', () => {
  const keys = Array.from({ length: 200 }, createApiKey);
  for (const key of keys) {
    assert.match(key.text, /^ef_live_[0-9A-Za-z]{46}$/);
    assert.equal(key.text.slice(8, 16), key.id);
    assert.deepEqual(parseApiKey(key.text), key);
  }
  assert.equal(new Set(keys.map((key) => key.text)).size, keys.length);
});

test('no character of a key can be mistyped, and no two neighbours swapped', () => {
  const { text } = createApiKey();
  for (let i = 0; i < text.length; i++) {
    const mistyped = text.slice(0, i) + (text[i] === 'a' ? 'b' : 'a') + text.slice(i + 1);
    assert.equal(parseApiKey(mistyped), undefined, `position ${i}`);
    const swapped = text.slice(0, i) + (text[i + 1] ?? '') + text[i] + text.slice(i + 2);
    if (swapped !== text) assert.equal(parseApiKey(swapped), undefined, `positions ${i} and ${i + 1}`);
  }
});

test('whatever else is sent is no key', () => {
  const { text } = createApiKey();
  for (const other of ['', 'sk-abc', text.slice(0, -1), `${text}0`, ` ${text}`, `${text}\n`, text.toUpperCase()]) {
    assert.equal(parseApiKey(other), undefined, JSON.stringify(other));
  }
});

test('the store keeps HMAC-SHA-256 of the whole key under the pepper', async () => {
  const key = createApiKey();
  assert.equal(await hashApiKey('a pepper', key), createHmac('sha256', 'a pepper').update(key.text).digest('hex'));
});
