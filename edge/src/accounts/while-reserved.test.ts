/** A reservation is renewed for as long as the work takes, and no longer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESERVATION_SECONDS } from '@everframe/shared';
import { whileReserved } from './while-reserved.ts';

test('work of any length keeps its reservation, also where one renewal fails', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const renewed: number[] = [];
  const work = Promise.withResolvers<string>();
  let seconds = 0;
  const reserve = async () => {
    renewed.push(seconds);
    if (renewed.length === 2) throw new Error('not reached');
  };
  const done = whileReserved(reserve, () => work.promise);
  for (; seconds < 5 * RESERVATION_SECONDS; seconds++) t.mock.timers.tick(1000);
  const gaps = renewed.map((at, i) => at - (renewed[i - 1] ?? 0));
  assert.ok(renewed.length >= 10 && Math.max(...gaps) <= RESERVATION_SECONDS / 2, gaps.join(', '));
  work.resolve('stored');
  assert.equal(await done, 'stored');
  const { length } = renewed;
  t.mock.timers.tick(5 * RESERVATION_SECONDS * 1000);
  assert.equal(renewed.length, length);
});

test('work that fails ends the renewals', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let renewals = 0;
  const done = whileReserved(
    async () => renewals++,
    async () => {
      throw new Error('the video is gone');
    },
  );
  await assert.rejects(done, /the video is gone/);
  t.mock.timers.tick(5 * RESERVATION_SECONDS * 1000);
  assert.equal(renewals, 0);
});
