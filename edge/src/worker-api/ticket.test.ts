import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTicket, signTicket } from './ticket.ts';

const SECRET = 'a secret';
const TICKET = { video_id: `video_${'a'.repeat(32)}`, epoch: 3, expires_at_ms: 2_000 };

test('a ticket is read back as it was signed, until the millisecond it expires', async () => {
  const text = await signTicket(SECRET, TICKET);
  assert.match(text, /^[\w-]+\.[\w-]+$/);
  assert.deepEqual(await readTicket(SECRET, text, 1_999), TICKET);
  assert.equal(await readTicket(SECRET, text, 2_000), undefined);
});

test('a ticket signed under another secret is no ticket', async () => {
  assert.equal(await readTicket(SECRET, await signTicket('another secret', TICKET), 0), undefined);
});

test('no character of a ticket can be changed', async () => {
  const text = await signTicket(SECRET, TICKET);
  for (let i = 0; i < text.length; i++) {
    const changed = text.slice(0, i) + (text[i] === 'A' ? 'Q' : 'A') + text.slice(i + 1);
    assert.equal(await readTicket(SECRET, changed, 0), undefined, `position ${i}`);
  }
});

test('whatever else is sent is no ticket', async () => {
  const [payload = '', signature = ''] = (await signTicket(SECRET, TICKET)).split('.');
  for (const text of [
    '',
    '.',
    'a',
    'a.b',
    payload,
    `${payload}.`,
    `.${signature}`,
    `${payload}.${signature}.`,
    `${signature}.${payload}`,
    '💥.💥',
  ]) {
    assert.equal(await readTicket(SECRET, text, 0), undefined, text);
  }
});
