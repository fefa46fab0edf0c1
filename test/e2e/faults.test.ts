import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import OpenAI from 'openai';
import { decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';
import { verify } from './independent-verifier.ts';

const PROMPT = 'a yellow star moves right over the forest';
const SECONDS = 16;
/** How often the SQS client tries a request. */
const ATTEMPTS_OF_SDK = 3;

let harness: Harness;
let undisturbed: string;

before(async () => {
  // The mark is each video's own; frames of two videos are compared here.
  harness = await startHarness({ edge_vars: { INVISIBLE_MARK: 'off' } });
  undisturbed = await framesOf(await createVideo());
});
// Tests end workers: whatever one of them left, the next begins with a queue without faults and a worker that lives.
beforeEach(async () => {
  harness.stack.queue.faults.clear();
  if (!harness.livingWorker()) await harness.stack.startWorker();
});
after(() => harness?.stop());

test('a worker killed in mid-video is replaced, and the video has the frames of an undisturbed run', async () => {
  const id = await createVideo();
  await harness.event(id, 'committed', 3);
  harness.livingWorker()?.kill('SIGKILL');
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
  harness.livingWorker()?.kill('SIGTERM');
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

test('a queue that fails, and loses its answer so that the message is doubled, gives one video with one claim', async () => {
  const { faults } = harness.stack.queue;
  await harness.stopWorkers();
  faults.add('SendMessage', { kind: 'error' }, 2);
  faults.add('SendMessage', { kind: 'drop_response' });
  const { id } = await harness.client.videos.create({ prompt: PROMPT, seconds: '4' });
  await harness.queueHolds(2);
  await harness.stack.startWorker();
  await requireOneClaim(id);
});

test('a message that could not be deleted, or of whose deletion nobody heard, gives one video with one claim', async () => {
  const { faults } = harness.stack.queue;
  for (const kind of ['drop_request', 'drop_response'] as const) {
    faults.add('DeleteMessage', { kind }, ATTEMPTS_OF_SDK);
    const { id } = await harness.client.videos.create({ prompt: PROMPT, seconds: '4' });
    await requireOneClaim(id);
  }
});

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

async function createVideo(): Promise<string> {
  const { id } = await harness.client.videos.create({ prompt: PROMPT, seconds: String(SECONDS) as '4', ...{ seed: 11 } });
  return id;
}

async function requireOneClaim(id: string): Promise<void> {
  await harness.finished(id);
  await harness.queueEmpty();
  const types = (await harness.events(id)).map(({ type }) => type);
  assert.equal(types.filter((type) => type === 'claimed').length, 1);
  assert.equal(types.filter((type) => type === 'completed').length, 1);
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
