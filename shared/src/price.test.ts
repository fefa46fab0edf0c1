import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveredMicroUsd, priceOf } from './price.ts';

const PACKAGES = [{ name: 'm', price_micro_usd_per_second: 1001 }];

test('a full delivery costs what was estimated, for every length', () => {
  for (const fps of [1, 7, 8, 24, 30]) {
    for (let seconds = 1; seconds <= 120; seconds++) {
      const command = { model: 'm', seconds, frames: seconds * fps, fps };
      const price = priceOf(command, PACKAGES);
      assert.equal(price.micro_usd, 1001 * seconds);
      assert.equal(deliveredMicroUsd(price, command, seconds * fps), price.micro_usd);
    }
  }
});

test('part of a video costs no more than its share, in whole micro-USD, and nothing costs nothing', () => {
  const command = { model: 'm', seconds: 4, frames: 32, fps: 8 };
  const price = priceOf(command, PACKAGES);
  assert.equal(deliveredMicroUsd(price, command, 0), 0);
  assert.equal(deliveredMicroUsd(price, command, 3), 375);
  for (let frames = 1; frames <= 32; frames++) {
    const cost = deliveredMicroUsd(price, command, frames);
    assert.ok(Number.isInteger(cost) && cost <= (1001 * frames) / 8);
  }
});

test('a video that is as long as one that ended within a second is priced in whole micro-USD', () => {
  const command = { model: 'm', seconds: 2, frames: 12, fps: 8 };
  const price = priceOf(command, PACKAGES);
  assert.equal(price.micro_usd, 1501);
  assert.equal(deliveredMicroUsd(price, command, 12), 1501);
});

test('a model that is not served has no price', () => {
  assert.throws(() => priceOf({ model: 'other', seconds: 1, frames: 8, fps: 8 }, PACKAGES), /not served/);
});
