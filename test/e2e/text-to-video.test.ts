import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { VerificationReport } from '@everframe/shared/verification';
import OpenAI from 'openai';
import { decodePicture, decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';
import { verify } from './independent-verifier.ts';

let harness: Harness;
let video_id: string;
let file: Buffer;

before(async () => {
  harness = await startHarness();
  const created = await harness.client.videos.create({ prompt: 'a red balloon rises over the sea', seconds: '4', ...seed(7) });
  video_id = created.id;
  await harness.finished(video_id);
  file = await harness.download(video_id);
});
after(() => harness?.stop());

test('a created video has every key of the contract, and counts up to completed', async () => {
  const created = await harness.client.videos.create({ prompt: 'a blue fish swims to the left', seconds: '4' });
  for (const key of [
    'id',
    'object',
    'model',
    'status',
    'progress',
    'created_at',
    'completed_at',
    'expires_at',
    'prompt',
    'size',
    'seconds',
    'remixed_from_video_id',
    'error',
  ]) {
    assert.ok(key in created, `${key} is missing`);
  }
  assert.equal(created.object, 'video');
  assert.equal(created.status, 'queued');
  assert.equal(created.seconds, '4');
  const completed = await harness.finished(created.id);
  assert.equal(completed.status, 'completed');
  assert.equal(completed.progress, 100);
  assert.ok(completed.completed_at !== null && completed.completed_at >= created.created_at);
});

test('the downloaded video decodes to the promised frames and moves', async () => {
  const decoded = await decodeVideo(await harness.save(file));
  assert.deepEqual([decoded.frames, decoded.width, decoded.height], [32, 128, 128]);
  assert.ok(decoded.motion > 0.2, `neighbouring frames differ by ${decoded.motion} of 255`);
});

test('a verifier that did not write it trusts the video and reads how it was made', async () => {
  const { state, failures, manifest } = await verify(file, 'video/mp4', await harness.trustAnchors());
  assert.deepEqual([state, failures], ['Trusted', []]);
  const text = JSON.stringify(manifest);
  assert.match(text, /digitalsourcetype\/trainedAlgorithmicMedia/);
  assert.match(text, /everframe-storybook-1/);
  assert.ok(text.includes(video_id));
  assert.doesNotMatch(text, /balloon/, 'the prompt stays private');
});

test('its owner reads the provenance of a video, and can prove its prompt', async () => {
  const headers = { authorization: `Bearer ${harness.stack.api_key}` };
  const response = await fetch(`${harness.stack.url}/v1/videos/${video_id}/provenance`, { headers });
  const provenance = (await response.json()) as { report: VerificationReport; prompt_key: string; sha256: string; seed: number };
  assert.equal(response.status, 200, JSON.stringify(provenance));
  const { report, prompt_key, sha256, seed } = provenance;
  assert.deepEqual([report.verdict, report.ai_generated, seed], ['ours', true, 7]);
  assert.equal(report.actions[0]?.parameters['org.everframe.video_id'], video_id);
  assert.equal(sha256, createHash('sha256').update(file).digest('hex'));
  const proofOf = (prompt: string) => createHmac('sha256', Buffer.from(prompt_key, 'hex')).update(prompt).digest('hex');
  assert.ok(file.includes(proofOf('a red balloon rises over the sea')), 'the file carries the hash of this prompt under this key');
  assert.ok(!file.includes(proofOf('a blue balloon')));
});

test('the file tells the words of a prompt where its owner wants it, or nothing of them', async () => {
  const prompt = 'a red balloon rises over the sea';
  const made = async (prompt_disclosure: 'text' | 'none') => {
    const params = { prompt, seconds: '1', prompt_disclosure };
    // The SDK's type of a length knows only OpenAI's.
    const { id } = await harness.client.videos.create(params as OpenAI.VideoCreateParams);
    await harness.finished(id);
    return harness.download(id);
  };
  const [told, silent] = [await made('text'), await made('none')];
  assert.ok(told.includes(prompt));
  assert.ok(!silent.includes(prompt) && !silent.includes('urn:everframe:prompt'));
  for (const each of [told, silent]) assert.equal((await verify(each, 'video/mp4', await harness.trustAnchors())).state, 'Trusted');
});

test('without our root the same file is sound, but its signer unknown', async () => {
  const { state, failures } = await verify(file, 'video/mp4');
  assert.equal(state, 'Valid');
  assert.deepEqual(failures, ['signingCredential.untrusted']);
});

test('one flipped byte of the picture fails verification', async () => {
  const altered = Buffer.from(file);
  // The samples are the last box of the file.
  const at = altered.length - 1000;
  altered[at] = (altered[at] ?? 0) ^ 1;
  const { state, failures } = await verify(altered, 'video/mp4', await harness.trustAnchors());
  assert.equal(state, 'Invalid');
  assert.ok(failures.includes('assertion.bmffHash.mismatch'), failures.join());
});

test('the thumbnail is a signed JPEG', async () => {
  const thumbnail = await harness.download(video_id, 'thumbnail');
  assert.deepEqual([...thumbnail.subarray(0, 3)], [0xff, 0xd8, 0xff]);
  const { state } = await verify(thumbnail, 'image/jpeg', await harness.trustAnchors());
  assert.equal(state, 'Trusted');
});

test('the spritesheet is a signed JPEG of sixteen frames at even distances', async () => {
  const spritesheet = await harness.download(video_id, 'spritesheet');
  const { state } = await verify(spritesheet, 'image/jpeg', await harness.trustAnchors());
  assert.equal(state, 'Trusted');
  const { rgb, frames, width, height } = await decodeVideo(await harness.save(file));
  const sheet = await decodePicture(await harness.save(spritesheet));
  assert.equal(sheet.length, 16 * width * height * 3);
  const gap = (tile: number, frame: number): number => {
    const [left, top] = [(tile % 4) * width, Math.floor(tile / 4) * height];
    let sum = 0;
    for (let at = 0; at < width * height * 3; at++) {
      const [y, x] = [Math.floor(at / (width * 3)), at % (width * 3)];
      sum += Math.abs((sheet[((top + y) * 4 * width + left) * 3 + x] ?? 0) - (rgb[frame * width * height * 3 + at] ?? 0));
    }
    return sum / (width * height * 3);
  };
  for (let tile = 0; tile < 16; tile++) {
    const [shown, far] = [(tile * frames) / 16, ((tile + 8) % 16) * (frames / 16)];
    assert.ok(
      gap(tile, shown) < 5 && gap(tile, far) > 2 * gap(tile, shown),
      `tile ${tile}: ${gap(tile, shown)}, ${gap(tile, far)} grey levels`,
    );
  }
});

test('the same seed gives the same frames but for the mark, another seed others', async () => {
  const frames = async (value: number) => {
    const { id } = await harness.client.videos.create({ prompt: 'a red balloon rises over the sea', seconds: '4', ...seed(value) });
    await harness.finished(id);
    return (await decodeVideo(await harness.save(await harness.download(id)))).rgb;
  };
  const { rgb: first } = await decodeVideo(await harness.save(file));
  const gapTo = (other: Buffer) => first.reduce((sum, byte, i) => sum + Math.abs(byte - (other[i] ?? 0)), 0) / first.length;
  const [same, another] = [gapTo(await frames(7)), gapTo(await frames(8))];
  assert.ok(same < 3 && another > 3 * same, `${same} grey levels between equal seeds, ${another} between others`);
});

test('parts of the file come by Range, and an unchanged one not again', async () => {
  const url = `${harness.stack.url}/v1/videos/${video_id}/content`;
  const headers = { authorization: `Bearer ${harness.stack.api_key}` };
  const part = await fetch(url, { headers: { ...headers, range: 'bytes=100-199' } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('content-range'), `bytes 100-199/${file.length}`);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), file.subarray(100, 200));
  const head = await fetch(url, { method: 'HEAD', headers });
  assert.equal(head.headers.get('content-length'), String(file.length));
  const again = await fetch(url, { headers: { ...headers, 'if-none-match': head.headers.get('etag') ?? '' } });
  assert.equal(again.status, 304);
});

test("another account's key sees nothing of the video", async () => {
  const stranger = new OpenAI({ baseURL: `${harness.stack.url}/v1`, apiKey: await harness.createStranger(), maxRetries: 0 });
  await assert.rejects(
    stranger.videos.retrieve(video_id),
    (error) => error instanceof OpenAI.NotFoundError && error.code === 'video_not_found',
  );
  await assert.rejects(stranger.videos.downloadContent(video_id), OpenAI.NotFoundError);
});

/** `seed` is ours: the SDK sends fields that its types do not know. */
function seed(value: number): object {
  return { seed: value };
}
