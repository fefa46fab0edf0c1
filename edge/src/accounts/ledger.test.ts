/** The ledger on a real SQLite: whatever happens in whatever order, and however often, the sums hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EverframeError } from '@everframe/shared';
import { openSql, randomNumbers } from '../testing/sqlite.ts';
import * as ledger from './ledger.ts';
import * as turns from './turns.ts';
import { endTurn, findTurn, nextTurns, takeTurn } from './turns.ts';
import { usageBetween } from './usage.ts';

function openLedger(): ledger.Sql {
  const sql = openSql();
  ledger.createLedger(sql);
  turns.createTurns(sql);
  return sql;
}

const PREPAID: ledger.Spending = { unlimited: false, key_budget_micro_usd: null };
const video = (video_id: string, micro_usd: number, key_id = 'key_a'): ledger.Reservation => ({
  ...{ video_id, key_id, model: 'm', seconds: micro_usd / 1000, micro_usd },
});

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof EverframeError) return error.code;
    throw error;
  }
  return 'none';
}

function sums(sql: ledger.Sql): Record<ledger.EntryKind, number> & { all: number } {
  const totals = { grant: 0, reserve: 0, capture: 0, release: 0, refund: 0, all: 0 };
  for (const { kind, micro_usd } of ledger.listEntries(sql, { before: null, limit: 100_000 })) {
    totals[kind] += micro_usd;
    totals.all += micro_usd;
  }
  return totals;
}

test('in any order and repetition: balance = grants - captures + refunds - what is reserved, and nothing is charged twice', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomNumbers(seed);
    const sql = openLedger();
    const ids = Array.from({ length: 12 }, (_, i) => `video_${i}`);
    const delivered = new Map<string, number>();
    const open = new Map<string, number>();
    let now_ms = 0;
    for (let step = 0; step < 120; step++) {
      now_ms++;
      const id = ids[random(ids.length)] ?? '';
      const price = 1000 * (1 + Number(id.slice(6)));
      const before = ledger.balanceOf(sql);
      switch (random(5)) {
        case 0:
          ledger.grant(sql, `grant_${random(6)}`, 4000, now_ms);
          break;
        case 1: {
          const code = refusal(() => ledger.reserve(sql, video(id, price), PREPAID, now_ms));
          if (code === 'insufficient_credits') assert.ok(before < price, `seed ${seed}`);
          if (code === 'none' && !delivered.has(id)) open.set(id, price);
          break;
        }
        case 2:
        case 3: {
          // Completed, failed, cancelled after some frames, or more than was promised; and again with other numbers.
          const micro_usd = random(2) * random(price + 500);
          if (ledger.settle(sql, id, { micro_usd, seconds: micro_usd / 1000 }, now_ms)) {
            assert.ok(open.delete(id), `seed ${seed}: ended once`);
            delivered.set(id, Math.min(micro_usd, price));
          }
          break;
        }
        case 4:
          refusal(() => ledger.refund(sql, id, now_ms));
      }
      const { grant, capture, refund, all } = sums(sql);
      const reserved = [...open.values()].reduce((sum, value) => sum + value, 0);
      assert.equal(ledger.balanceOf(sql), all, `seed ${seed}, step ${step}: the total is the sum`);
      assert.equal(all, grant + capture + refund - reserved, `seed ${seed}, step ${step}`);
      assert.ok(all >= 0, `seed ${seed}: a prepaid account never owes`);
      assert.equal(
        0 - capture,
        [...delivered.values()].reduce((sum, value) => sum + value, 0),
        `seed ${seed}: charged once each`,
      );
      assert.ok(refund <= -capture, `seed ${seed}: never more back than was charged`);
      assert.equal(ledger.spentOf(sql, 'key_a'), reserved - capture - refund, `seed ${seed}: what the key spent`);
    }
  }
});

test('too little credit is refused, and takes nothing', () => {
  const sql = openLedger();
  ledger.grant(sql, 'grant_1', 5000, 0);
  ledger.grant(sql, 'grant_1', 5000, 0);
  ledger.reserve(sql, video('a', 3000), PREPAID, 0);
  assert.equal(
    refusal(() => ledger.reserve(sql, video('b', 3000), PREPAID, 0)),
    'insufficient_credits',
  );
  assert.equal(ledger.balanceOf(sql), 2000);
  ledger.reserve(sql, video('c', 3000), { ...PREPAID, unlimited: true }, 0);
  assert.equal(ledger.balanceOf(sql), -1000, 'an unlimited account may owe');
});

test("a key's budget counts what is reserved, and comes back with what was not delivered", () => {
  const sql = openLedger();
  const spending = { unlimited: true, key_budget_micro_usd: 4000 };
  ledger.reserve(sql, video('a', 3000), spending, 0);
  assert.equal(
    refusal(() => ledger.reserve(sql, video('b', 2000), spending, 0)),
    'key_budget_exceeded',
  );
  ledger.reserve(sql, video('c', 2000, 'key_b'), spending, 0);
  ledger.settle(sql, 'a', { micro_usd: 1000, seconds: 1 }, 0);
  ledger.reserve(sql, video('b', 2000), spending, 0);
  assert.equal(ledger.spentOf(sql, 'key_a'), 3000);
});

test('a reservation that was released is not taken up again', () => {
  const sql = openLedger();
  const unlimited = { ...PREPAID, unlimited: true };
  ledger.reserve(sql, video('a', 1000), unlimited, 0);
  ledger.settle(sql, 'a', { micro_usd: 0, seconds: 0 }, 0);
  assert.equal(
    refusal(() => ledger.reserve(sql, video('a', 1000), unlimited, 0)),
    'reservation_expired',
  );
});

test('videos beyond the bound wait and go on in the order they came, each once', () => {
  const sql = openLedger();
  const take = (id: string) => takeTurn(sql, id, 2, 0);
  assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map(take), ['running', 'running', 'waiting', 'waiting', 'waiting']);
  assert.equal(take('a'), 'running');
  assert.deepEqual(nextTurns(sql, 2), []);
  endTurn(sql, 'a');
  assert.equal(take('f'), 'waiting', 'not before those that wait');
  assert.deepEqual(nextTurns(sql, 2), ['c']);
  endTurn(sql, 'd');
  endTurn(sql, 'b');
  endTurn(sql, 'b');
  assert.deepEqual(nextTurns(sql, 2), ['e']);
  assert.equal(findTurn(sql, 'd'), undefined);
  assert.deepEqual(nextTurns(sql, null), ['f'], 'a bound that is lifted lets all go on');
});

test('usage sums charges and refunds by day, key and model', () => {
  const sql = openLedger();
  const unlimited = { ...PREPAID, unlimited: true };
  const day = Date.UTC(2026, 0, 31, 23, 59, 59);
  for (const [id, key_id, at_ms] of [
    ['a', 'k1', day],
    ['b', 'k1', day],
    ['c', 'k2', day],
    ['d', 'k1', day + 1000],
  ] as const) {
    ledger.reserve(sql, video(id, 4000, key_id), unlimited, at_ms);
    ledger.settle(sql, id, { micro_usd: 1500, seconds: 1.5 }, at_ms);
  }
  ledger.refund(sql, 'b', day);
  ledger.reserve(sql, video('failed', 4000, 'k1'), unlimited, day);
  ledger.settle(sql, 'failed', { micro_usd: 0, seconds: 0 }, day);
  const row = (at: string, key_id: string, videos: number, refunded_micro_usd: number) => ({
    ...{ day: at, key_id, model: 'm', videos, seconds: 1.5 * videos, charged_micro_usd: 1500 * videos, refunded_micro_usd },
  });
  assert.deepEqual(
    usageBetween(sql, 0, day + 2000).map((found) => ({ ...found })),
    [row('2026-01-31', 'k1', 2, 1500), row('2026-01-31', 'k2', 1, 0), row('2026-02-01', 'k1', 1, 0)],
  );
  assert.equal(usageBetween(sql, 0, day).length, 0);
});

test('a ledger of the time before parts keeps its entries, their numbers and its balance', () => {
  const sql = openSql();
  sql.exec(`
    CREATE TABLE ledger (
      id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, kind TEXT NOT NULL, micro_usd INTEGER NOT NULL,
      seconds REAL NOT NULL, key_id TEXT, model TEXT, created_at_ms INTEGER NOT NULL, UNIQUE (subject, kind)
    )`);
  sql.exec('CREATE TABLE totals (name TEXT PRIMARY KEY, micro_usd INTEGER NOT NULL)');
  sql.exec(
    "INSERT INTO ledger VALUES (7, 'grant_1', 'grant', 5000, 0, NULL, NULL, 1), (9, 'video_a', 'reserve', -2000, 2, 'key_a', 'm', 2)",
  );
  sql.exec("INSERT INTO totals VALUES ('balance', 3000), ('key key_a', -2000)");
  for (let i = 0; i < 2; i++) ledger.createLedger(sql);
  assert.equal(ledger.balanceOf(sql), 3000);
  ledger.reserve(sql, video('video_a', 2000), PREPAID, 3);
  ledger.reserve(sql, video('video_b', 1000), PREPAID, 3);
  assert.deepEqual(
    ledger.listEntries(sql, { before: null, limit: 10 }).map(({ id, subject, part }) => [id, subject, part]),
    [
      [10, 'video_b', 0],
      [9, 'video_a', 0],
      [7, 'grant_1', 0],
    ],
  );
  ledger.settle(sql, 'video_a', { micro_usd: 1500, seconds: 1.5 }, 4);
  assert.equal(ledger.balanceOf(sql), 2500);
});

test('a reservation that is extended is one of parts: each is made once, all come back, and what was delivered is charged', () => {
  const sql = openLedger();
  ledger.grant(sql, 'grant_1', 5500, 0);
  ledger.reserve(sql, video('video_a', 2000), PREPAID, 1);
  const spending: Parameters<typeof ledger.extend>[2] = { ...PREPAID, video_max_micro_usd: null };
  const extend = (part: number, more: Partial<typeof spending> = {}) =>
    ledger.extend(sql, { video_id: 'video_a', part, seconds: 2, micro_usd_per_second: 1000 }, { ...spending, ...more }, 2);
  assert.deepEqual([extend(1, { video_max_micro_usd: 2000 }), extend(1, { key_budget_micro_usd: 2500 })], [0, 0]);
  assert.deepEqual([extend(1), extend(1), extend(2), extend(3)], [2, 2, 1, 0]);
  assert.equal(ledger.balanceOf(sql), 500);
  assert.equal(ledger.spentOf(sql, 'key_a'), 5000);
  assert.equal(extend(3, { unlimited: true }), 2);
  for (let i = 0; i < 2; i++) ledger.settle(sql, 'video_a', { micro_usd: 4500, seconds: 4.5 }, 3);
  assert.equal(ledger.balanceOf(sql), 1000);
  assert.equal(extend(4), 0, 'its end has come');
  assert.equal(ledger.extend(sql, { video_id: 'video_z', part: 1, seconds: 2, micro_usd_per_second: 0 }, spending, 2), 0);
});
