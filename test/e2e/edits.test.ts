/** Videos edited by the stock SDK: what they keep of their parents, and what neither a deletion nor a death changes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { VerificationReport } from '@everframe/shared/verification';
import type OpenAI from 'openai';
import { type DecodedVideo, decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';
import { verify } from './independent-verifier.ts';

const PROMPT = 'a pig walks to the left over the meadow';
const NIGHT = 'a pig walks to the left over the meadow at night';

let harness: Harness;
let source: OpenAI.Video;
let night: OpenAI.Video;

before(async () => {
  // The mark is each video's own; frames of two videos are compared here.
  harness = await startHarness({ edge_vars: { INVISIBLE_MARK: 'off' } });
  source = await create(PROMPT, 2);
  await harness.finished(source.id);
  night = await edit(source.id);
  await harness.finished(night.id);
});
after(() => harness?.stop());

test('an edit is a new video of the same length, and as the prompt says it is night there', async () => {
  const shown = (await harness.client.videos.retrieve(night.id)) as OpenAI.Video & Record<string, unknown>;
  assert.notEqual(night.id, source.id);
  assert.deepEqual([shown.seconds, shown.prompt, shown.edited_from_video_id, shown.strength], ['2', NIGHT, source.id, 0.75]);
  assert.deepEqual(shown.usage, { estimated_micro_usd: 2000, charged_micro_usd: 2000 });
  const [day, dark] = [await framesOf(source.id), await framesOf(night.id)];
  assert.equal(dark.frames, day.frames);
  assert.ok(meanOf(dark) < meanOf(day) - 20, `mean level ${meanOf(dark)} by night, ${meanOf(day)} by day`);
});

test('strength 0 under the same prompt gives the very frames of the source, and strength 1 those of a new video', async () => {
  const unchanged = await edit(source.id, { strength: 0, prompt: PROMPT });
  const anew = await edit(source.id, { strength: 1 });
  const created = await create(NIGHT, 2);
  for (const { id } of [unchanged, anew, created]) await harness.finished(id);
  assert.equal((await framesOf(unchanged.id)).sha256, (await framesOf(source.id)).sha256);
  assert.equal((await framesOf(anew.id)).sha256, (await framesOf(created.id)).sha256);
  assert.notEqual((await framesOf(anew.id)).sha256, (await framesOf(night.id)).sha256);
});

test('the file that was downloaded is edited as its id is', async () => {
  const file = new File([new Uint8Array(await harness.download(source.id))], 'mine.mp4', { type: 'video/mp4' });
  const by_file = await harness.client.videos.edit({ video: file, prompt: NIGHT });
  assert.equal((by_file as unknown as Record<string, unknown>).edited_from_video_id, source.id);
  await harness.finished(by_file.id);
  assert.equal((await framesOf(by_file.id)).sha256, (await framesOf(night.id)).sha256);
});

test('an edit is made longer, and the longer one is edited: three generations are read out of the last', async () => {
  const longer = await harness.client.videos.extend({ video: { id: night.id }, prompt: NIGHT, seconds: '1' as '4' });
  await harness.finished(longer.id);
  const [short, long] = [await framesOf(night.id), await framesOf(longer.id)];
  assert.ok(long.rgb.subarray(0, short.rgb.length).equals(short.rgb), 'it begins with the very frames of the edit');

  const same = await edit(longer.id, { strength: 0 });
  await harness.finished(same.id);
  const unchanged = await framesOf(same.id);
  const second = short.rgb.length / 2;
  for (const index of [0, 2]) {
    const [found, expected] = [unchanged, long].map(({ rgb }) => rgb.subarray(index * second, (index + 1) * second));
    assert.deepEqual(found, expected, `second ${index}: what the extension took over is edited too`);
  }
  // Before the joint the extension has the frames of a video that ended there; here the refiner sees what follows.
  assert.equal(unchanged.frames, long.frames);
  assert.equal((await verify(await harness.download(same.id), 'video/mp4', await harness.trustAnchors())).state, 'Trusted');
  const { report } = await provenanceOf(same.id);
  assert.equal(report.verdict, 'ours');
  const generations: string[][] = [];
  for (let node = report.lineage; node; node = node.ingredients.find(({ relationship }) => relationship === 'parentOf') ?? null) {
    generations.push([node.title ?? '', ...node.actions]);
  }
  const edited = ['c2pa.opened', 'c2pa.edited'];
  assert.deepEqual(generations, [
    [same.id, ...edited],
    [longer.id, ...edited],
    [night.id, ...edited],
    [source.id, 'c2pa.created'],
  ]);
  const parameters = report.actions.flatMap(({ action, parameters }) => (action === 'c2pa.edited' ? [parameters] : []));
  assert.deepEqual([parameters[0]?.['org.everframe.operation'], parameters[0]?.['org.everframe.strength']], ['edited', 0]);
});

test('an edit is made although its parent was deleted while it waited', async () => {
  const parent = await create(PROMPT, 2);
  await harness.finished(parent.id);
  await harness.stopWorkers();
  const edited = await edit(parent.id);
  await harness.client.videos.delete(parent.id);
  await harness.stack.startWorker();
  await harness.finished(edited.id);
  assert.equal((await framesOf(edited.id)).sha256, (await framesOf(night.id)).sha256);
});

test('a worker killed in the middle of an edit is replaced, and the frames are those of an undisturbed one', async () => {
  const parent = await create(PROMPT, 8);
  await harness.finished(parent.id);
  const undisturbed = await edit(parent.id);
  await harness.finished(undisturbed.id);
  const { id } = await edit(parent.id);
  await harness.event(id, 'committed', 2);
  harness.livingWorker()?.kill('SIGKILL');
  await harness.stack.startWorker();
  await harness.finished(id);
  assert.equal((await harness.events(id)).filter(({ type }) => type === 'claimed').length, 2);
  assert.equal((await framesOf(id)).sha256, (await framesOf(undisturbed.id)).sha256);
});

async function create(prompt: string, seconds: number): Promise<OpenAI.Video> {
  return harness.client.videos.create({ prompt, seconds: String(seconds) as '4', ...{ seed: 3 } });
}

async function edit(id: string, fields: object = {}): Promise<OpenAI.Video> {
  return harness.client.videos.edit({ video: { id }, prompt: NIGHT, ...fields });
}

async function provenanceOf(id: string): Promise<{ report: VerificationReport }> {
  const headers = { authorization: `Bearer ${harness.stack.api_key}` };
  const response = await fetch(`${harness.stack.url}/v1/videos/${id}/provenance`, { headers });
  assert.equal(response.status, 200);
  return (await response.json()) as { report: VerificationReport };
}

function meanOf({ rgb }: DecodedVideo): number {
  return rgb.reduce((sum, level) => sum + level, 0) / rgb.length;
}

async function framesOf(id: string): Promise<DecodedVideo> {
  return decodeVideo(await harness.save(await harness.download(id)));
}
