/** OpenRouter's dialect through its stock SDK, against the running edge. Every answer is one that the document has. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { OpenRouter } from '@openrouter/sdk';
import * as errors from '@openrouter/sdk/models/errors';
import { PACKAGES } from '../catalogue.ts';
import { sha256Hex, startEdge, type TestEdge } from '../testing/edge.ts';
import { clientOf, download, generate, MODEL, poll, post, R128, type Refused, refusalOf } from '../testing/openrouter-client.ts';
import { dataUrl, pngOf } from '../testing/picture.ts';
import { until } from '../testing/until.ts';
import { commitChunks, completedVideo, finalAssets } from '../testing/worker.ts';

let edge: TestEdge;
let client: OpenRouter;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '600', DNS_RESOLVER_URL: '' });
  client = clientOf(edge, edge.key);
});
after(() => edge?.close());

test('a job is created, polled and downloaded, with its key or without any, and costs what it is said to', async () => {
  const created = await generate(client, {
    ...{ duration: 1, resolution: R128, aspectRatio: '1:1', size: '128x128', seed: 7, generateAudio: false },
    ...{ frameImages: [], user: 'user-1', sessionId: 'session-1', provider: { options: { openai: { quality: 'high' } } } },
  });
  const { id } = created;
  assert.deepEqual(created, { id, pollingUrl: `${edge.address}api/v1/videos/${id}`, status: 'pending' });
  const claim = await edge.claim(id);
  const { prompt, model, seconds, width, height, seed } = claim.command;
  assert.deepEqual([prompt, model, seconds, width, height, seed], ['a red ball', MODEL, 1, 128, 128, 7]);
  assert.equal((await edge.view(id)).seed, 7, 'the same video in the other dialect');
  assert.equal((await poll(client, id)).status, 'in_progress');
  const early = await refusalOf(download(client, id));
  assert.ok(early instanceof errors.ConflictResponseError);
  assert.equal(early.error.metadata.code, 'video_not_ready');

  const parent = await commitChunks(edge, claim, id, 0, 2);
  const assets = await finalAssets(edge, claim, id);
  await edge.call(id, 'complete', { epoch: claim.epoch, parent, ...assets });
  const done = await poll(client, id);
  assert.deepEqual([done.status, done.usage, done.error], ['completed', { cost: 0.001, isByok: false }, undefined]);
  const text = await download(client, id);
  assert.equal(text.length, assets.video.bytes);

  const [url = ''] = done.unsignedUrls ?? [];
  const file = await edge.request(url);
  assert.deepEqual([file.status, file.headers.get('content-type'), await file.text()], [200, 'video/mp4', text]);
  const part = await edge.request(url, { headers: { range: 'bytes=3-5' } });
  assert.deepEqual([part.status, await part.text()], [206, text.slice(3, 6)]);
  assert.equal((await edge.request(url, { method: 'HEAD' })).headers.get('content-length'), String(text.length));
});

test('a first frame is what a video begins with', async () => {
  const bytes = pngOf([200, 30, 30]);
  const { id } = await generate(client, {
    frameImages: [{ type: 'image_url', imageUrl: { url: dataUrl(bytes) }, frameType: 'first_frame' }],
  });
  assert.equal((await edge.claim(id)).command.input_reference?.sha256, sha256Hex(bytes));
});

test('an address of a file opens that file alone, and ends', async () => {
  const [first, second] = [await completedVideo(edge), await completedVideo(edge)];
  const [url = ''] = (await poll(client, first.video_id)).unsignedUrls ?? [];
  const token = new URL(url).searchParams.get('token') ?? '';
  const { url: stream_url } = (await (await edge.asOwner(`/v1/videos/${first.video_id}/stream_url`, { method: 'POST' })).json()) as {
    url: string;
  };
  const stream_token = new URL(stream_url).searchParams.get('token') ?? '';
  const [expiry = '', mac = ''] = token.split('.');
  for (const [path, code] of [
    [`/api/v1/videos/${second.video_id}/content?token=${token}`, 'invalid_stream_token'],
    [`/api/v1/videos/${first.video_id}/content?token=${stream_token}`, 'invalid_stream_token'],
    [`/api/v1/videos/${first.video_id}/content?token=${Number(expiry) + 1}.${mac}`, 'invalid_stream_token'],
    [`/api/v1/videos/${first.video_id}?token=${token}`, 'missing_api_key'],
  ] as const) {
    const refused = (await (await edge.request(path)).json()) as Refused;
    assert.equal(refused.error.metadata.code, code, path);
  }
  const stream = await edge.request(`/v1/videos/${first.video_id}/stream.m3u8?token=${token}`);
  assert.equal(stream.status, 403);
  await edge.asOwner(`/v1/videos/${first.video_id}`, { method: 'DELETE' });
  assert.equal((await edge.request(url)).status, 404, 'it goes with the video');
});

test('a job goes on from another as an extension does, and takes nothing that it could not obey', async () => {
  const { video_id } = await completedVideo(edge);
  const { id, status } = await generate(client, { previousJobId: video_id, prompt: 'a blue ball', duration: 2, resolution: R128 });
  const { extended_from_video_id, seconds, usage, prompt } = await edge.view(id);
  assert.deepEqual([status, extended_from_video_id, seconds, prompt], ['pending', video_id, '3', 'a blue ball']);
  assert.deepEqual(usage, { estimated_micro_usd: 2000, charged_micro_usd: null });
  const waiting = await generate(client);
  for (const [fields, kind, param, code] of [
    [{ previousJobId: 'gen-vid-1' }, errors.NotFoundResponseError, 'previous_job_id', 'video_not_found'],
    [{ previousJobId: waiting.id }, errors.OpenRouterError, null, 'video_not_ready'],
    [{ previousJobId: video_id, seed: 4294967295 }, errors.BadRequestResponseError, 'seed', 'invalid_value'],
    [{ previousJobId: video_id, duration: 0 }, errors.BadRequestResponseError, 'duration', 'invalid_value'],
    [{ previousJobId: video_id, duration: 600 }, errors.BadRequestResponseError, 'duration', 'invalid_value'],
  ] as const) {
    const refused = await refusalOf(generate(client, fields));
    assert.ok(refused instanceof kind, `${code}: ${refused.name}`);
    const { metadata } = (JSON.parse(refused.body) as Refused).error;
    assert.deepEqual([metadata.param, metadata.code], [param, code]);
  }
});

test('what the dialect has no word for is passed through', async () => {
  const everframe = { segments: [{ start: 1, prompt: 'a blue ball' }], negative_prompt: 'rain', prompt_disclosure: 'none' };
  const response = await post(edge, { duration: 2, session_id: null, provider: { options: { everframe } } });
  assert.equal(response.status, 202, await response.clone().text());
  const { id, warnings } = (await response.json()) as { id: string; warnings: unknown[] };
  const { segments, negative_prompt, prompt_disclosure } = await edge.view(id);
  assert.deepEqual(
    [segments, negative_prompt, prompt_disclosure],
    [[{ ...everframe.segments[0], anchor: 'renew', blend: 0 }], 'rain', 'none'],
  );
  assert.deepEqual(warnings, []);
});

test('a key of the caller makes one video, however often it is sent', async () => {
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  const fields = { videoGenerationRequest: { model: MODEL, prompt: 'a red ball' } };
  const sent = () => client.videoGeneration.generate(fields, { headers });
  const first = await sent();
  assert.deepEqual(await sent(), first);
  const other = await post(edge, { prompt: 'a blue ball' }, headers);
  assert.equal(other.status, 422);
  assert.equal(((await other.json()) as Refused).error.metadata.code, 'idempotency_key_reused');
});

test('a job that ended without a file says so, and what it cost', async () => {
  const [cancelled, failed] = [await generate(client), await generate(client)];
  await edge.asOwner(`/v1/videos/${cancelled.id}/cancel`, { method: 'POST' });
  const { epoch } = await edge.claim(failed.id);
  await edge.call(failed.id, 'fail', { epoch, code: 'generation_failed', message: '' });
  const free = { cost: 0, isByok: false };
  for (const [id, status, message] of [
    [cancelled.id, 'cancelled', /cancelled by its owner/],
    [failed.id, 'failed', /another seed or prompt/],
  ] as const) {
    const job = await poll(client, id);
    assert.deepEqual([job.status, job.usage, job.unsignedUrls], [status, free, undefined]);
    assert.match(job.error ?? '', message);
    assert.ok((await refusalOf(download(client, id))) instanceof errors.ConflictResponseError);
  }
});

test('a prepaid account pays here as in the other dialect', async () => {
  const key = await edge.addKey('account_paying');
  await edge.setAccount('account_paying', { billing: 'prepaid' });
  const account = edge.env.ACCOUNT.getByName('account_paying');
  await account.grant('grant_1', 3000);
  const { id } = await generate(clientOf(edge, key), { duration: 2 });
  assert.equal((await account.summary()).balance_micro_usd, 1000);
  assert.ok((await refusalOf(generate(clientOf(edge, key), { duration: 2 }))) instanceof errors.PaymentRequiredResponseError);
  await edge.as(key)(`/v1/videos/${id}/cancel`, { method: 'POST' });
  await until('released', async () => (await account.summary()).balance_micro_usd === 3000);
});

test('the models are listed with all that a request may ask of them', async () => {
  const { data } = await client.videoGeneration.listVideosModels();
  assert.deepEqual(
    data.map(({ id }) => id),
    PACKAGES.map(({ name }) => name),
  );
  for (const [i, model] of data.entries()) {
    const { sizes, seconds, price_micro_usd_per_second } = PACKAGES[i] as (typeof PACKAGES)[number];
    assert.deepEqual(model.supportedSizes, sizes);
    assert.deepEqual([model.supportedDurations?.at(0), model.supportedDurations?.at(-1)], [seconds.min, seconds.max]);
    assert.equal(Math.round(Number(model.pricingSkus?.duration_seconds) * 1_000_000), price_micro_usd_per_second);
    assert.deepEqual([model.generateAudio, model.seed, model.supportedFrameImages], [false, true, ['first_frame']]);
    const [resolution, aspectRatio] = [model.supportedResolutions?.[0], model.supportedAspectRatios?.[0]];
    assert.equal((await generate(client, { model: model.id, resolution, aspectRatio })).status, 'pending');
  }
});
