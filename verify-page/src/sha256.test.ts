import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createSha256 } from './sha256.ts';

test('the digest is that of another implementation, however the bytes come, held or streamed', async () => {
  const bytes = randomBytes(9_000_001);
  for (const size of [0, 1, 55, 56, 63, 64, 65, 1000, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1, 4 * 1024 * 1024 + 63, bytes.length]) {
    for (const piece of [61, 65_537, bytes.length]) {
      if (piece < 100 && size > 1_000_000) continue;
      const hash = createSha256();
      for (let at = 0; at < size; at += piece) hash.update(bytes.subarray(at, Math.min(size, at + piece)));
      const expected = createHash('sha256').update(bytes.subarray(0, size)).digest('hex');
      assert.equal(Buffer.from(await hash.digest()).toString('hex'), expected, `${size} bytes by ${piece}`);
    }
  }
});
