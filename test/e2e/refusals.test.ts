import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { type Harness, startHarness } from './harness.ts';

let harness: Harness;

// No worker: whatever reaches the queue stays there and is counted.
before(async () => {
  harness = await startHarness({ workers: 0 });
});
after(() => harness?.stop());

test('an unknown key gets 401', async () => {
  const client = new OpenAI({ baseURL: `${harness.stack.url}/v1`, apiKey: 'sk-not-ours', maxRetries: 0 });
  await assert.rejects(
    client.videos.create({ prompt: 'a boat' }),
    (error) => error instanceof OpenAI.AuthenticationError && error.code === 'invalid_api_key',
  );
});

const REFUSALS: readonly { name: string; params: Record<string, unknown>; code: string; param: string }[] = [
  { name: 'an empty prompt', params: { prompt: '  ' }, code: 'string_too_short', param: 'prompt' },
  { name: 'an over-long prompt', params: { prompt: 'x'.repeat(32_001) }, code: 'string_too_long', param: 'prompt' },
  { name: 'an unknown model', params: { prompt: 'a boat', model: 'sora-9' }, code: 'model_not_found', param: 'model' },
  { name: 'an impossible size', params: { prompt: 'a boat', size: '7x7' }, code: 'invalid_value', param: 'size' },
  { name: 'impossible seconds', params: { prompt: 'a boat', seconds: '0' }, code: 'invalid_value', param: 'seconds' },
  {
    name: 'a picture that is none',
    params: { prompt: 'a boat', input_reference: { image_url: 'data:image/png;base64,AAAA' } },
    code: 'unsupported_file',
    param: 'input_reference',
  },
];

for (const { name, params, code, param } of REFUSALS) {
  test(`${name} gets 400 with code, parameter and a sentence, and costs nothing`, async () => {
    const before = await harness.indexed();
    const request = harness.client.videos.create(params as unknown as OpenAI.VideoCreateParams);
    await assert.rejects(request, (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.deepEqual([error.code, error.param], [code, param]);
      assert.match(error.message, /\w+.*\.$/);
      assert.ok(error.requestID);
      return true;
    });
    // Rows and messages come late: whatever the refused request left is there when those of a later one are.
    const { id } = await harness.client.videos.create({ prompt: 'a boat' });
    await harness.indexHas(id);
    assert.deepEqual(await harness.takeMessages(id), [id]);
    assert.deepEqual(
      (await harness.indexed()).filter((known) => !before.includes(known)),
      [id],
    );
  });
}

test('a worker whose package is damaged says which file and why, and takes no message', async () => {
  const packages_dir = await mkdtemp(join(tmpdir(), 'everframe-packages-'));
  try {
    await cp(harness.packages_dir, packages_dir, { recursive: true });
    await writeFile(join(packages_dir, 'everframe-storybook-1', 'denoiser.onnx'), 'not a network');
    const { id } = await harness.client.videos.create({ prompt: 'a boat' });
    await harness.queueHolds(1);
    await assert.rejects(harness.stack.startWorker({ EVERFRAME_PACKAGES_DIR: packages_dir }), /denoiser\.onnx/);
    await harness.queueHolds(1);
    assert.equal((await harness.client.videos.retrieve(id)).status, 'queued');
  } finally {
    await rm(packages_dir, { recursive: true, force: true });
  }
});
