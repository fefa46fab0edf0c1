/** What an account does with a video that it has not heard of, on the real Worker: while the client asks for it again, and after it was recorded. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { videoPrefix } from '@everframe/shared';
import { type EdgeWithQueue, startEdgeWithQueue } from '../testing/edge-with-queue.ts';
import { until } from '../testing/until.ts';

const TERMS = { unlimited: true, key_budget_micro_usd: null, max_concurrent_videos: null };

let edge: EdgeWithQueue;

before(async () => {
  edge = await startEdgeWithQueue();
});
after(() => edge?.close());

const reservationOf = (video_id: string) => ({ video_id, key_id: 'key', model: 'm', seconds: 1, micro_usd: 1000 });

test('a video that is asked for again while its account looks for it is not released under the new try', async () => {
  const id = 'account_asked_again';
  const account = edge.env.ACCOUNT.getByName(id);
  const storage = await edge.worker.getDurableObjectStorage('ACCOUNT', { name: id });
  for (let round = 0; round < 5; round++) {
    const ids = Array.from({ length: 40 }, (_, i) => `video_${round}${String(i).padStart(31, '0')}`);
    for (const video_id of ids) await account.reserve(reservationOf(video_id), TERMS);
    await storage.exec('UPDATE turns SET check_at_ms = 1');
    // Rings the alarm, which asks each of the videos how it stands.
    const rung = account.settle('none', { micro_usd: 0, seconds: 0 });
    const tries = await Promise.all(ids.map((video_id) => account.reserve(reservationOf(video_id), TERMS)));
    await rung;
    const checks = async () => (await storage.exec('SELECT 1 FROM turns WHERE check_at_ms = 1')).length === 0;
    await until('every check', checks);
    // An answer may still be under way to a check that began before.
    await until('every answer', async () => (await storage.exec("SELECT 1 FROM outbox WHERE errand = 'erase'")).length === 0);
    for (const [i, video_id] of ids.entries()) {
      assert.equal(await account.turnOf(video_id), tries[i]?.ok ? 'running' : undefined, `try ${i} of round ${round}`);
    }
  }
});

test('what is stored of a recorded video is not erased by its account', async () => {
  const video_id = await edge.create();
  const stored = `${videoPrefix(video_id)}parent.mp4`;
  await edge.env.MEDIA.put(stored, 'its own');
  const storage = await edge.worker.getDurableObjectStorage('ACCOUNT', { name: 'account_a' });
  await storage.exec("INSERT INTO outbox (errand, video_id, due_at_ms, failures) VALUES ('erase', ?, 1, 0)", video_id);
  // Any step sets the alarm anew.
  await edge.env.ACCOUNT.getByName('account_a').settle('none', { micro_usd: 0, seconds: 0 });
  await until('the errand', async () => (await storage.exec("SELECT 1 FROM outbox WHERE errand = 'erase'")).length === 0);
  assert.ok(await edge.env.MEDIA.head(stored));
});
