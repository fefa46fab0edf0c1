/** A video without an end on the real parts: its owner or the operator's limit ends it, and gets a signed file of what was made, whoever dies on the way. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type OpenAI from 'openai';
import { decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';
import { verify } from './independent-verifier.ts';

type Video = OpenAI.Video & {
  readonly fps: number;
  readonly frames: { readonly done: number; readonly total: number | null };
  readonly ended_by: string | null;
  readonly usage: { readonly charged_micro_usd: number | null };
};

const PROMPT = 'a red balloon rises over the sea';
/** Long enough for every stop to come before it. */
const MAX_SECONDS = 20;
let harness: Harness;

before(async () => {
  // The mark is each video's own; frames of two videos are compared here.
  harness = await startHarness({ edge_vars: { ENDLESS_MAX_SECONDS: String(MAX_SECONDS), INVISIBLE_MARK: 'off' } });
});
after(() => harness?.stop());

async function create(seconds: string): Promise<string> {
  const { id } = await harness.client.videos.create({ prompt: PROMPT, seconds: seconds as '4', ...{ seed: 11 } });
  return id;
}

function cancel(id: string): Promise<Video> {
  return harness.client.post(`/videos/${id}/cancel`);
}

/** The finished video, once its file holds what it says. */
async function requireDelivered(id: string): Promise<{ video: Video; frames_sha256: string }> {
  await harness.finished(id);
  const video = (await harness.client.videos.retrieve(id)) as Video;
  const file = await harness.download(id);
  const { frames, sha256 } = await decodeVideo(await harness.save(file));
  assert.deepEqual([video.frames, video.seconds, video.progress], [{ done: frames, total: frames }, String(frames / video.fps), 100]);
  assert.equal((await verify(file, 'video/mp4', await harness.trustAnchors())).state, 'Trusted');
  return { video, frames_sha256: sha256 };
}

test('an endless video that is stopped is a signed file of what was made, and the same as one that was as long from the start', async () => {
  const id = await create('endless');
  await harness.event(id, 'committed', 2);
  const running = (await harness.client.videos.retrieve(id)) as Video;
  assert.deepEqual([running.status, running.seconds, running.progress, running.frames.total], ['in_progress', 'endless', 0, null]);
  const stopping = await cancel(id);
  assert.deepEqual([stopping.status, stopping.ended_by], ['in_progress', 'owner']);
  const { video, frames_sha256 } = await requireDelivered(id);
  assert.equal(video.usage.charged_micro_usd, Math.floor((1000 * video.frames.done) / video.fps));
  assert.ok((await cancel(id)).status === 'completed', 'stopping again changes nothing');
  assert.equal(frames_sha256, (await requireDelivered(await create(video.seconds))).frames_sha256);
});

test('a worker that is killed behind the stop is followed by one that brings the video to its end', async () => {
  const id = await create('endless');
  await harness.event(id, 'committed', 2);
  const { frames } = await cancel(id);
  harness.livingWorker()?.kill('SIGKILL');
  await cancel(id);
  await harness.stack.startWorker();
  const { video, frames_sha256 } = await requireDelivered(id);
  assert.ok(video.frames.done >= frames.done);
  assert.equal((await harness.events(id)).filter(({ type }) => type === 'claimed').length, 2);
  assert.equal(frames_sha256, (await requireDelivered(await create(video.seconds))).frames_sha256);
});

test('an endless video that is stopped while nobody works on it is brought to its end by the next worker', async () => {
  const id = await create('endless');
  await harness.event(id, 'committed', 1);
  await harness.stopWorkers();
  const waiting = await cancel(id);
  assert.deepEqual([waiting.status, waiting.ended_by], ['queued', 'owner']);
  await harness.stack.startWorker();
  const { video } = await requireDelivered(id);
  assert.ok(video.frames.done >= waiting.frames.done);
});

test("an endless video that nobody stops ends at the operator's limit", async () => {
  const { video } = await requireDelivered(await create('endless'));
  assert.deepEqual([video.seconds, video.ended_by], [String(MAX_SECONDS), 'limit']);
});
