/** Videos made longer by the stock SDK: what they keep of their parents, and what neither a deletion nor a death changes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { VerificationReport } from '@everframe/shared/verification';
import OpenAI from 'openai';
import { type DecodedVideo, decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';
import { verify } from './independent-verifier.ts';

const PROMPT = 'a red balloon rises over the sea';
const NEXT = 'a blue balloon rises over the sea';

let harness: Harness;
let first: OpenAI.Video;
let second: OpenAI.Video;

before(async () => {
  // The mark is each video's own; frames of two videos are compared here.
  harness = await startHarness({ edge_vars: { INVISIBLE_MARK: 'off' } });
  first = await create(2);
  await harness.finished(first.id);
  second = await extend(first.id, 2);
  await harness.finished(second.id);
});
after(() => harness?.stop());

test('an extension is a new video: the frames of the old one as they are, and new ones under its prompt', async () => {
  const shown = (await harness.client.videos.retrieve(second.id)) as OpenAI.Video & Record<string, unknown>;
  assert.notEqual(second.id, first.id);
  assert.deepEqual([shown.seconds, shown.prompt, shown.extended_from_video_id, shown.remixed_from_video_id], ['4', NEXT, first.id, null]);
  assert.deepEqual(shown.segments, [
    { start: 0, prompt: PROMPT, anchor: 'renew', blend: 0 },
    { start: 2, prompt: NEXT, anchor: 'renew', blend: 0 },
  ]);
  const [short, long] = [await framesOf(first.id), await framesOf(second.id)];
  assert.deepEqual([short.frames, long.frames], [16, 32]);
  assert.ok(long.rgb.subarray(0, short.rgb.length).equals(short.rgb), 'it begins with the very frames of its parent');
  assert.notDeepEqual(long.rgb.subarray(-short.rgb.length), short.rgb);
});

test('only what is newly made is priced, generated and committed', async () => {
  const { usage } = (await harness.client.videos.retrieve(second.id)) as unknown as { usage: object };
  assert.deepEqual(usage, { estimated_micro_usd: 2000, charged_micro_usd: 2000 });
  const committed = (await harness.events(second.id)).filter((event) => event.type === 'committed');
  assert.deepEqual(
    committed.map((event) => event.type === 'committed' && event.chunk_index),
    [2, 3],
  );
});

test('an extension can be extended, also as the file that was downloaded', async () => {
  const third = await extend(second.id, 1);
  await harness.finished(third.id);
  const [long, longer] = [await framesOf(second.id), await framesOf(third.id)];
  assert.equal(longer.frames, 40);
  assert.ok(longer.rgb.subarray(0, long.rgb.length).equals(long.rgb));

  const file = new File([new Uint8Array(await harness.download(second.id))], 'mine.mp4', { type: 'video/mp4' });
  const by_file = await harness.client.videos.extend({ video: file, prompt: NEXT, seconds: '1' as '4' });
  assert.equal((by_file as unknown as Record<string, unknown>).extended_from_video_id, second.id);
  await harness.finished(by_file.id);
  assert.equal((await framesOf(by_file.id)).sha256, longer.sha256);
});

test('a branch goes on from a second in the middle, as the video that was told so from its start', async () => {
  const parent = await create(4);
  await harness.finished(parent.id);
  const seed = Number(((await harness.client.videos.retrieve(parent.id)) as unknown as { seed: number }).seed);
  const branch = await harness.client.videos.extend({
    ...{ video: { id: parent.id }, prompt: NEXT, seconds: '2' as '4' },
    // Ours.
    ...({ from_seconds: 2 } as object),
  });
  const whole = await harness.client.videos.create({
    ...{ prompt: PROMPT, seconds: '4' },
    ...({ seed, segments: [{ start: 2, prompt: NEXT }] } as object),
  } as OpenAI.VideoCreateParams);
  await Promise.all([harness.finished(branch.id), harness.finished(whole.id)]);
  const [old, led, told] = await Promise.all([framesOf(parent.id), framesOf(branch.id), framesOf(whole.id)]);
  assert.equal(led.sha256, told.sha256, 'the very frames of a video that was asked for so');
  const second = old.rgb.length / 4;
  assert.ok(led.rgb.subarray(0, second).equals(old.rgb.subarray(0, second)));
  assert.notDeepEqual(led.rgb.subarray(-second), old.rgb.subarray(-second));
  const { usage } = (await harness.client.videos.retrieve(branch.id)) as unknown as { usage: object };
  assert.deepEqual(usage, { estimated_micro_usd: 2000, charged_micro_usd: 2000 });
  const { report } = await provenanceOf(branch.id);
  assert.deepEqual(
    [report.verdict, report.lineage?.ingredients.find(({ relationship }) => relationship === 'parentOf')?.title],
    ['ours', parent.id],
  );
});

test('three generations are read out of the last one, by a reader that signed none of them', async () => {
  const third = await extend(second.id, 1);
  await harness.finished(third.id);
  const { state } = await verify(await harness.download(third.id), 'video/mp4', await harness.trustAnchors());
  assert.equal(state, 'Trusted');
  const { report } = await provenanceOf(third.id);
  assert.equal(report.verdict, 'ours');
  assert.ok(report.created_at);
  const generations: string[][] = [];
  for (let node = report.lineage; node; node = node.ingredients.find(({ relationship }) => relationship === 'parentOf') ?? null) {
    generations.push([node.title ?? '', ...node.actions]);
  }
  const edited = ['c2pa.opened', 'c2pa.edited'];
  assert.deepEqual(generations, [
    [third.id, ...edited],
    [second.id, ...edited],
    [first.id, 'c2pa.created'],
  ]);
});

test('a remix names what it is a remix of', async () => {
  const remix = await harness.client.videos.remix(first.id, { prompt: NEXT });
  await harness.finished(remix.id);
  const { report } = await provenanceOf(remix.id);
  const [parent] = report.lineage?.ingredients.filter(({ relationship }) => relationship === 'parentOf') ?? [];
  assert.deepEqual([report.verdict, parent?.title], ['ours', first.id]);
});

test('what is watched of an extension is its own part, signed as its own', async () => {
  const headers = { authorization: `Bearer ${harness.stack.api_key}` };
  const playlist = await (await fetch(`${harness.stack.url}/v1/videos/${second.id}/stream.m3u8`, { headers })).text();
  assert.deepEqual(playlist.match(/^segments\/\d+\.m4s/gm), ['segments/2.m4s', 'segments/3.m4s']);
  const [init_name] = /segments\/init-\w+\.mp4/.exec(playlist) ?? [];
  const read = async (name: string) =>
    new Uint8Array(await (await fetch(`${harness.stack.url}/v1/videos/${second.id}/${name}`, { headers })).arrayBuffer());
  const init = await read(init_name ?? '');
  assert.ok(Buffer.from(init).includes(second.id));
  assert.equal((await verify(init, 'video/mp4', await harness.trustAnchors())).state, 'Trusted');
});

test('an extension is made although its parent was deleted while it waited', async () => {
  const parent = await create(2);
  await harness.finished(parent.id);
  await harness.stopWorkers();
  const longer = await extend(parent.id, 2);
  await harness.client.videos.delete(parent.id);
  await assert.rejects(harness.client.videos.retrieve(parent.id), OpenAI.NotFoundError);
  await harness.stack.startWorker();
  await harness.finished(longer.id);
  assert.equal((await framesOf(longer.id)).sha256, (await framesOf(second.id)).sha256);
});

test('a parent stays when its extension is deleted', async () => {
  const longer = await extend(first.id, 1);
  await harness.finished(longer.id);
  await harness.client.videos.delete(longer.id);
  assert.equal((await framesOf(first.id)).frames, 16);
});

test('a worker killed in the middle of an extension is replaced, and the frames are those of an undisturbed one', async () => {
  const undisturbed = await extend(first.id, 12);
  await harness.finished(undisturbed.id);
  const { id } = await extend(first.id, 12);
  await harness.event(id, 'committed', 3);
  harness.livingWorker()?.kill('SIGKILL');
  await harness.stack.startWorker();
  await harness.finished(id);
  assert.equal((await harness.events(id)).filter(({ type }) => type === 'claimed').length, 2);
  const frames = await framesOf(id);
  assert.equal(frames.frames, 112);
  assert.equal(frames.sha256, (await framesOf(undisturbed.id)).sha256);
});

async function create(seconds: number): Promise<OpenAI.Video> {
  return harness.client.videos.create({ prompt: PROMPT, seconds: String(seconds) as '4', ...{ seed: 7 } });
}

async function extend(id: string, seconds: number): Promise<OpenAI.Video> {
  return harness.client.videos.extend({ video: { id }, prompt: NEXT, seconds: String(seconds) as '4' });
}

async function provenanceOf(id: string): Promise<{ report: VerificationReport }> {
  const headers = { authorization: `Bearer ${harness.stack.api_key}` };
  const response = await fetch(`${harness.stack.url}/v1/videos/${id}/provenance`, { headers });
  assert.equal(response.status, 200);
  return (await response.json()) as { report: VerificationReport };
}

async function framesOf(id: string): Promise<DecodedVideo> {
  return decodeVideo(await harness.save(await harness.download(id)));
}
