/** Videos that begin with a picture, by the stock SDK and real workers: what they show, say of it, and pass on. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import type { VerificationReport } from '@everframe/shared/verification';
import OpenAI from 'openai';
import { type DecodedVideo, decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';
import { verify } from './independent-verifier.ts';

const SIZE = 128;
const PROMPT = 'a red balloon rises over the sea';

let harness: Harness;
let server: Server;
/** Of a first video, so that no picture of these tests was drawn by hand: bytes as they were sent, and its pixels. */
let signed_picture: Buffer;
let night: Buffer;
let from_night: OpenAI.Video;

before(async () => {
  harness = await startHarness({ edge_vars: { INVISIBLE_MARK: 'off', OUTBOUND_LOOPBACK: 'allow', DNS_RESOLVER_URL: '' } });
  const [day, dark] = await Promise.all([create('a red balloon over the sea'), create('a blue boat on the sea at night')]);
  for (const { id } of [day, dark]) await harness.finished(id);
  signed_picture = await harness.download(day.id, 'thumbnail');
  night = frameOf(await framesOf(dark.id), 0);
  from_night = await create(PROMPT, { input_reference: new File([png(night)], 'night.png', { type: 'image/png' }) });
  await harness.finished(from_night.id);
});
after(async () => {
  await harness?.stop();
  server?.close();
});

async function create(prompt: string, more: Partial<OpenAI.VideoCreateParams> = {}, seconds = '2'): Promise<OpenAI.Video> {
  return harness.client.videos.create({ prompt, seconds: seconds as '4', ...more, ...{ seed: 7 } });
}

async function framesOf(id: string): Promise<DecodedVideo> {
  return decodeVideo(await harness.save(await harness.download(id)));
}

function frameOf({ rgb }: DecodedVideo, index: number): Buffer {
  return rgb.subarray(index * SIZE * SIZE * 3, (index + 1) * SIZE * SIZE * 3);
}

function difference(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;
}

async function reportOf(id: string): Promise<VerificationReport> {
  const response = await fetch(`${harness.stack.url}/v1/videos/${id}/provenance`, {
    headers: { authorization: `Bearer ${harness.stack.api_key}` },
  });
  return ((await response.json()) as { report: VerificationReport }).report;
}

test('the first frames are those of the picture, and not what the prompt alone makes', async () => {
  const alone = await create(PROMPT);
  await harness.finished(alone.id);
  const [shown, without] = [await framesOf(from_night.id), await framesOf(alone.id)];
  assert.equal(shown.frames, 16);
  const [near, far] = [difference(frameOf(shown, 0), night), difference(frameOf(without, 0), night)];
  assert.ok(near < 20 && near * 2 < far, `${near} from the picture; ${far} without it`);
  assert.ok(shown.motion > 0.1, 'it is no still picture');
});

test('the picture is an input of the manifest, whose every reader trusts it', async () => {
  const file = await harness.download(from_night.id);
  assert.equal((await verify(file, 'video/mp4', await harness.trustAnchors())).state, 'Trusted');
  const report = await reportOf(from_night.id);
  assert.equal(report.verdict, 'ours');
  assert.deepEqual(report.warnings, []);
  const picture = report.lineage?.ingredients.find(({ title }) => title === 'reference picture');
  assert.deepEqual([picture?.relationship, picture?.format, picture?.label], ['inputTo', 'image/png', null]);
});

test('a picture with a manifest of its own brings it along, and one that was altered since is refused', async () => {
  const input_reference = new File([new Uint8Array(signed_picture)], 'day.jpg', { type: 'image/jpeg' });
  const video = await create(PROMPT, { input_reference }, '1');
  await harness.finished(video.id);
  const picture = (await reportOf(video.id)).lineage?.ingredients.find(
    ({ relationship, format }) => relationship === 'inputTo' && format === 'image/jpeg',
  );
  assert.match(picture?.generator ?? '', /^Everframe/);
  assert.deepEqual([picture?.actions, picture?.failures], [['c2pa.created'], []]);

  const altered = Buffer.from(signed_picture);
  altered[altered.length - 40] = (altered[altered.length - 40] ?? 0) ^ 1;
  const request = create(PROMPT, { input_reference: new File([altered], 'day.jpg', { type: 'image/jpeg' }) });
  await assert.rejects(request, (error) => error instanceof OpenAI.BadRequestError && error.code === 'unsupported_file');
});

test('a killed worker is resumed to the same frames', async () => {
  const input_reference = new File([png(night)], 'night.png', { type: 'image/png' });
  const video = await create(PROMPT, { input_reference });
  await harness.event(video.id, 'committed', 1);
  harness.livingWorker()?.kill('SIGKILL');
  await harness.stack.startWorker();
  await harness.finished(video.id);
  assert.equal((await framesOf(video.id)).sha256, (await framesOf(from_night.id)).sha256);
});

test('a remix begins with the picture too; an extension and an edit go on from what was made of it', async () => {
  const remix = await harness.client.videos.remix(from_night.id, { prompt: PROMPT });
  const extension = await harness.client.videos.extend({ video: { id: from_night.id }, prompt: PROMPT, seconds: '1' as '4' });
  const edit = await harness.client.videos.edit({ video: { id: from_night.id }, prompt: 'a yellow balloon over the sea at night' });
  for (const { id } of [remix, extension, edit]) await harness.finished(id);
  const whole = await framesOf(from_night.id);
  assert.equal((await framesOf(remix.id)).sha256, whole.sha256, 'the same prompt, seed and picture');
  assert.ok((await framesOf(extension.id)).rgb.subarray(0, whole.rgb.length).equals(whole.rgb));
  assert.notEqual((await framesOf(edit.id)).sha256, whole.sha256);
  for (const { id } of [remix, extension, edit]) assert.equal((await reportOf(id)).verdict, 'ours', id);
  assert.ok((await reportOf(remix.id)).lineage?.ingredients.some(({ title }) => title === 'reference picture'));
});

test('a picture that breaks off within itself fails the video with a word of its own, and is not charged', async () => {
  const whole = png(night);
  const broken = Buffer.from(whole);
  broken.fill(0, 100, 400);
  const { id } = await create(PROMPT, { input_reference: new File([broken], 'broken.png', { type: 'image/png' }) });
  await harness.event(id, 'failed', 1);
  const video = (await harness.client.videos.retrieve(id)) as OpenAI.Video & { usage: object };
  assert.deepEqual([video.status, video.error?.code], ['failed', 'picture_unreadable']);
  assert.match(video.error?.message ?? '', /input_reference/);
  assert.deepEqual(video.usage, { estimated_micro_usd: 2000, charged_micro_usd: 0 });
});

test('what a URL names is taken; a redirect is not followed', async () => {
  server = createServer(({ url }, response) => {
    if (url === '/night.png') response.writeHead(200).end(png(night));
    else response.writeHead(302, { location: '/night.png' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { id } = await create(PROMPT, { input_reference: { image_url: `${origin}/night.png` } });
  await harness.finished(id);
  assert.equal((await framesOf(id)).sha256, (await framesOf(from_night.id)).sha256);
  await assert.rejects(create(PROMPT, { input_reference: { image_url: `${origin}/moved.png` } }), { code: 'url_unreachable' });
});

/** @param rgb of a frame */
function png(rgb: Buffer): Buffer<ArrayBuffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIZE, 0);
  header.writeUInt32BE(SIZE, 4);
  header.set([8, 2], 8);
  const row_bytes = SIZE * 3;
  const rows = Array.from({ length: SIZE }, (_, y) => Buffer.concat([Buffer.alloc(1), rgb.subarray(y * row_bytes, (y + 1) * row_bytes)]));
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), content]);
  const [head, tail] = [Buffer.alloc(4), Buffer.alloc(4)];
  head.writeUInt32BE(content.length);
  tail.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, tail]);
}
