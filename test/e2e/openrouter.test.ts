/** A program that was written for OpenRouter, with the stock SDK, against the whole stack: it changes the address and nothing else. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenRouter } from '@openrouter/sdk';
import { decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';
import { verify } from './independent-verifier.ts';

let harness: Harness;
let client: OpenRouter;

before(async () => {
  harness = await startHarness();
  client = new OpenRouter({ apiKey: harness.stack.api_key, serverURL: `${harness.stack.url}/api/v1` });
});
after(() => harness?.stop());

/** As OpenRouter's guide has it. */
async function made(jobId: string) {
  for (;;) {
    const job = await client.videoGeneration.getGeneration({ jobId });
    if (job.status !== 'pending' && job.status !== 'in_progress') return job;
    await sleep(200);
  }
}

test('a video is asked for, polled and downloaded in the other dialect, and is signed like any other', { timeout: 600_000 }, async () => {
  const { data } = await client.videoGeneration.listVideosModels();
  const model = data[0]?.id ?? '';
  const created = await client.videoGeneration.generate({
    videoGenerationRequest: { model, prompt: 'a red balloon rises over the sea', duration: 2, aspectRatio: '1:1', seed: 7 },
  });
  assert.equal(created.status, 'pending');
  const job = await made(created.id);
  assert.deepEqual([job.status, job.usage, job.error], ['completed', { cost: 0.002, isByok: false }, undefined]);

  const file = Buffer.from(await new Response(await client.videoGeneration.getVideoContent({ jobId: job.id })).arrayBuffer());
  assert.equal((await verify(file, 'video/mp4', await harness.trustAnchors())).state, 'Trusted');
  assert.equal((await decodeVideo(await harness.save(file))).frames, 16);
  const unsigned = await fetch(job.unsignedUrls?.[0] ?? '');
  assert.ok(file.equals(Buffer.from(await unsigned.arrayBuffer())), 'the address that needs no key leads to the same file');

  const longer = await client.videoGeneration.generate({
    videoGenerationRequest: { model, prompt: 'a blue balloon rises over the sea', duration: 1, previousJobId: job.id },
  });
  const { status, usage } = await made(longer.id);
  assert.deepEqual([status, usage], ['completed', { cost: 0.001, isByok: false }]);
  assert.equal((await harness.client.videos.retrieve(longer.id)).seconds, '3');
});
