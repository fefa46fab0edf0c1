import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import OpenAI from 'openai';
import { decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';
import { verify } from './independent-verifier.ts';

const PROMPT = 'a yellow star moves right over the forest';
const SECONDS = 16;

let harness: Harness;
let undisturbed: string;

before(async () => {
  harness = await startHarness();
  undisturbed = await framesOf(await createVideo());
});
after(() => harness?.stop());

test('a worker killed in mid-video is replaced, and the video has the frames of an undisturbed run', async () => {
  const id = await createVideo();
  await harness.event(id, 'committed', 3);
  const [worker] = harness.stack.workers;
  worker?.kill('SIGKILL');
  await harness.stack.startWorker();
  await harness.finished(id);

  const events = await harness.events(id);
  const types = events.map(({ type }) => type);
  assert.equal(types.filter((type) => type === 'claimed').length, 2);
  assert.ok(types.includes('lease_expired'));
  assert.deepEqual(committedChunks(events), [...committedChunks(events).keys()], 'each chunk was committed once, in order');
  assert.equal(await framesOf(id), undisturbed);
  const { state } = await verify(await harness.download(id), 'video/mp4', await harness.trustAnchors());
  assert.equal(state, 'Trusted');
});

test('a worker that is told to stop finishes its chunk and hands the video back at once', async () => {
  const id = await createVideo();
  await harness.event(id, 'committed', 2);
  const busy = harness.stack.workers.findLast(({ pid }) => pid !== undefined);
  busy?.kill('SIGTERM');
  await harness.event(id, 'released', 1);
  await harness.stack.startWorker();
  await harness.finished(id);

  const types = (await harness.events(id)).map(({ type }) => type);
  assert.ok(!types.includes('lease_expired'));
  assert.equal(await framesOf(id), undisturbed);
});

test('a duplicated message makes no second video', async () => {
  const id = await createVideo();
  const body = JSON.stringify({ version: 1, video_id: id, queued_at_ms: Date.now() });
  for (let copy = 0; copy < 3; copy++)
    await harness.sqs.send(new SendMessageCommand({ QueueUrl: harness.stack.queue.url, MessageBody: body }));
  await harness.finished(id);
  await harness.queueEmpty();

  const events = await harness.events(id);
  assert.equal(events.filter(({ type }) => type === 'claimed').length, 1);
  assert.equal(events.filter(({ type }) => type === 'completed').length, 1);
  assert.equal(await framesOf(id), undisturbed);
});

test('a message that nobody can read ends in the dead-letter queue, and the next video is made all the same', async () => {
  await harness.sqs.send(new SendMessageCommand({ QueueUrl: harness.stack.queue.url, MessageBody: 'not a job' }));
  const id = await createVideo();
  await harness.finished(id);
  const letter = await harness.deadLetter();
  assert.equal(letter, 'not a job');
});

async function createVideo(): Promise<string> {
  const { id } = await harness.client.videos.create({ prompt: PROMPT, seconds: String(SECONDS) as '4', ...{ seed: 11 } });
  return id;
}

async function framesOf(id: string): Promise<string> {
  await harness.finished(id);
  const { frames, sha256 } = await decodeVideo(await harness.save(await harness.download(id)));
  assert.equal(frames, SECONDS * 8);
  return sha256;
}

function committedChunks(events: readonly { type: string; chunk_index?: number }[]): number[] {
  return events.filter(({ type }) => type === 'committed').map(({ chunk_index }) => chunk_index ?? -1);
}

test('a video deleted in mid-work is gone, its worker goes on to the next, and no message is left', async () => {
  const id = await createVideo();
  await harness.event(id, 'committed', 2);
  assert.deepEqual(await harness.client.videos.delete(id), { id, object: 'video.deleted', deleted: true });
  await assert.rejects(harness.client.videos.retrieve(id), OpenAI.NotFoundError);
  await assert.rejects(harness.client.videos.delete(id), OpenAI.NotFoundError);
  const next = await harness.client.videos.create({ prompt: PROMPT, seconds: '4' });
  await harness.finished(next.id);
  await harness.queueEmpty();
});
