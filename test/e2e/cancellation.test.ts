/** A cancelled video on the real parts: its owner gets a signed file of what was made and pays for that, whoever dies on the way. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type OpenAI from 'openai';
import { decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';
import { verify } from './independent-verifier.ts';

type Video = OpenAI.Video & {
  readonly fps: number;
  readonly frames: { readonly done: number; readonly total: number };
  readonly ended_by: string | null;
  readonly usage: { readonly charged_micro_usd: number | null };
};

const PROMPT = 'a red balloon rises over the sea';
/** So many that no video can be finished by the time it is cancelled. */
const SECONDS = 60;

let harness: Harness;

before(async () => {
  // The mark is each video's own; frames of two videos are compared here.
  harness = await startHarness({ edge_vars: { INVISIBLE_MARK: 'off' } });
});
after(async () => harness?.stop());

const create = (seconds: number) => harness.client.videos.create({ prompt: PROMPT, seconds: String(seconds) as '4', ...{ seed: 11 } });
const cancel = (id: string): Promise<Video> => harness.client.post(`/videos/${id}/cancel`);

/** The finished video, once its file holds what it says. */
async function requireDelivered(id: string): Promise<{ video: Video; frames_sha256: string }> {
  await harness.finished(id);
  const video = (await harness.client.videos.retrieve(id)) as Video;
  const file = await harness.download(id);
  const { frames, sha256 } = await decodeVideo(await harness.save(file));
  assert.deepEqual([video.frames, video.seconds], [{ done: frames, total: frames }, String(frames / video.fps)]);
  assert.equal((await verify(file, 'video/mp4', await harness.trustAnchors())).state, 'Trusted');
  assert.equal(video.usage.charged_micro_usd, Math.floor((1000 * frames) / video.fps));
  return { video, frames_sha256: sha256 };
}

test('a video that is cancelled at work is delivered as far as it was made, with the frames of one that was as long from the start', {
  timeout: 600_000,
}, async () => {
  const { id } = await create(SECONDS);
  await harness.event(id, 'committed', 1);
  const stopping = await cancel(id);
  assert.deepEqual([stopping.status, stopping.ended_by, stopping.error], ['in_progress', 'owner', null]);
  const { video, frames_sha256 } = await requireDelivered(id);
  assert.ok(video.frames.done >= stopping.frames.done && Number(video.seconds) < SECONDS);

  const whole = await create(Number(video.seconds));
  assert.equal((await requireDelivered(whole.id)).frames_sha256, frames_sha256);
  const { data } = (await harness.client.get('/usage')) as { data: { charged_micro_usd: number }[] };
  const charged = Number(video.usage.charged_micro_usd);
  // The second charge may still be on its way.
  assert.ok([charged, 2 * charged].includes(data[0]?.charged_micro_usd ?? 0), JSON.stringify(data));
});

test('a worker that is killed behind the cancellation is followed by one that delivers', { timeout: 600_000 }, async () => {
  const { id } = await create(SECONDS);
  await harness.event(id, 'committed', 2);
  const { frames } = await cancel(id);
  harness.livingWorker()?.kill('SIGKILL');
  await cancel(id);
  await harness.stack.startWorker();
  const { video } = await requireDelivered(id);
  assert.ok(video.frames.done >= frames.done && Number(video.seconds) < SECONDS);
  assert.equal((await harness.events(id)).filter(({ type }) => type === 'claimed').length, 2);
  assert.equal((await cancel(id)).status, 'completed');
});
