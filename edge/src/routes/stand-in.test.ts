/** Old clients' code as it stands: its model and size are named, and what stands in for them is told. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI, { APIError } from 'openai';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { startQueue, type TestQueue } from '../testing/queue.ts';

let queue: TestQueue;
let edge: TestEdge;
let refusing: TestEdge;

before(async () => {
  queue = await startQueue();
  const variables = { SQS_QUEUE_URL: queue.url, SQS_ENDPOINT: queue.endpoint };
  edge = await startEdge(variables);
  refusing = await startEdge({ ...variables, STAND_IN: 'off' });
});
after(async () => {
  await edge?.close();
  await refusing?.close();
  await queue?.close();
});

type Answered = OpenAI.Videos.Video & { readonly warnings: readonly { readonly code: string; readonly message: string }[] };

function create(service: TestEdge, fields: OpenAI.Videos.VideoCreateParams): Promise<Answered> {
  const client = new OpenAI({ baseURL: `${service.address}v1`, apiKey: service.key.text, maxRetries: 0 });
  return client.videos.create(fields) as unknown as Promise<Answered>;
}

const refused = (code: string, param: string) => (error: unknown) =>
  error instanceof APIError && error.status === 400 && error.code === code && error.param === param;

test("a create that names a retired model and its size makes the default model's video, and says so", async () => {
  const video = await create(edge, { prompt: 'a red ball', model: 'sora-2-pro', size: '1792x1024', seconds: '12' });
  assert.deepEqual([video.model, video.size, video.seconds], ['everframe-storybook-1', '128x128', '12']);
  assert.deepEqual(
    video.warnings.map(({ code }) => code),
    ['model_replaced', 'size_replaced'],
  );
  assert.match(video.warnings[0]?.message ?? '', /'sora-2-pro' is no longer served by anyone; everframe-storybook-1 makes the video/);
  assert.match(video.warnings[1]?.message ?? '', /everframe-storybook-1 has no size '1792x1024'; the video has 128x128/);
  const { command } = await edge.claim(video.id);
  assert.deepEqual([command.model, command.width, command.height], ['everframe-storybook-1', 128, 128]);
});

test('a size that the default model has is kept', async () => {
  const video = await create(edge, { prompt: 'a red ball', model: 'sora-2', size: '128x128' as '720x1280' });
  assert.deepEqual([video.size, video.warnings.map(({ code }) => code)], ['128x128', ['model_replaced']]);
});

test('an estimate costs what the stand-in costs', async () => {
  const ask = async (fields: object) => {
    const headers = { 'content-type': 'application/json' };
    const response = await edge.asOwner('/v1/videos/estimate', { method: 'POST', headers, body: JSON.stringify(fields) });
    return response.json();
  };
  assert.deepEqual(await ask({ prompt: 'a', model: 'sora-2', size: '720x1280', seconds: 8 }), await ask({ prompt: 'a', seconds: 8 }));
});

test('an impossible size, a size without such a model, and a strict request are refused', async () => {
  const size = '640x480' as '720x1280';
  await assert.rejects(create(edge, { prompt: 'a', model: 'sora-2', size }), refused('invalid_value', 'size'));
  await assert.rejects(create(edge, { prompt: 'a', size: '720x1280' }), refused('invalid_value', 'size'));
  const strict = { prompt: 'a', model: 'sora-2', strict: true } as OpenAI.Videos.VideoCreateParams;
  await assert.rejects(create(edge, strict), refused('model_not_found', 'model'));
});

test('a deployment can refuse them', async () => {
  await assert.rejects(create(refusing, { prompt: 'a', model: 'sora-2' }), refused('model_not_found', 'model'));
});
