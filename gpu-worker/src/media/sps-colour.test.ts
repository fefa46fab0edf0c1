import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tagColour } from './sps-colour.ts';

test('BT.709 is written in place of the flag that said nothing', () => {
  const tagged = tagColour(Buffer.from('6742000aa6820464', 'hex'));
  // ...0 1 00 became ...1 | 0 0 1 101 0 1 | 1 1 1 (a byte each) | 0 0 0 0 0 0 | 1 and padding.
  assert.equal(Buffer.from(tagged).toString('hex'), '6742000aa6820469a808080810');
});

test('a set that ends with that flag set is refused', () => {
  assert.throws(() => tagColour(Buffer.from('6742000aa682046c', 'hex')), /without video usability/);
});

test('bytes that would look like a start code are escaped', () => {
  const tagged = tagColour(Uint8Array.from([0x67, 0, 0, 3, 1, 0x64]));
  assert.deepEqual([...tagged.subarray(0, 5)], [0x67, 0, 0, 3, 1]);
});
