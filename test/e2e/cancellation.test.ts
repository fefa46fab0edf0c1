/** A cancelled video on the real parts: its worker stops within the lease, what it had delivered is charged, the next video is made. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type OpenAI from 'openai';
import { type Harness, startHarness } from './harness.ts';

type Video = OpenAI.Video & {
  readonly fps: number;
  readonly frames: { done: number };
  readonly usage: { charged_micro_usd: number | null };
};

let harness: Harness;

before(async () => {
  harness = await startHarness();
});
after(async () => harness?.stop());

async function view(id: string): Promise<Video> {
  return (await harness.client.videos.retrieve(id)) as Video;
}

test('a video that is cancelled at work is charged its frames, and its worker goes on to the next one', { timeout: 600_000 }, async () => {
  const { client } = harness;
  // Long enough that it can't be finished by the time it is cancelled.
  const { id } = await client.videos.create({ prompt: 'a red balloon rises over the sea', seconds: '60' as '4' });
  await harness.event(id, 'committed', 1);

  const cancelled = (await client.post(`/videos/${id}/cancel`)) as Video;
  assert.deepEqual([cancelled.status, cancelled.error?.code], ['failed', 'cancelled']);
  const charged = Number(cancelled.usage.charged_micro_usd);
  assert.equal(charged, Math.floor((1000 * cancelled.frames.done) / cancelled.fps));
  assert.ok(charged > 0 && charged < 60_000);

  const next = await client.videos.create({ prompt: 'a blue ball', seconds: '1' as '4' });
  await harness.finished(next.id);
  assert.deepEqual(await view(id), cancelled, 'nothing came after the end');
  const { data } = (await client.get('/usage')) as { data: { charged_micro_usd: number }[] };
  // The second charge may still be on its way.
  assert.ok([charged, charged + 1000].includes(data[0]?.charged_micro_usd ?? 0), JSON.stringify(data));
});
