import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findBox } from '../media/isobmff.ts';
import { decodeFile, runFfmpeg } from '../media/test-clip.ts';
import { openDevelopmentSigner } from './development-signer.ts';
import { readManifest } from './read-manifest.ts';
import { signAsset } from './sign-asset.ts';
import type { Signer } from './signer.ts';
import { makeTestPicture, makeTestVideo, TEST_FACTS } from './test-asset.ts';
import { readIndependently } from './test-reader.ts';

const folder = await mkdtemp(join(tmpdir(), 'everframe-sign-'));
after(() => rm(folder, { recursive: true }));

const signer = await openDevelopmentSigner(join(folder, 'keys'));
const stranger = await openDevelopmentSigner(join(folder, 'other-keys'));
const video = await makeTestVideo(folder);
const picture = await makeTestPicture(folder);

test('a signed video is trusted by two readers that are given our root, and only intact to those that are not', async () => {
  const { path, bytes } = await signed('video/mp4');
  const roots = signer.trust_anchors_pem;
  assert.equal((await readManifest(path, 'video/mp4', roots)).state, 'trusted');
  assert.equal(await readIndependently(bytes, 'video/mp4', roots), 'Trusted');
  for (const others of [undefined, stranger.trust_anchors_pem]) {
    const report = await readManifest(path, 'video/mp4', others);
    assert.equal(report.state, 'valid');
    assert.deepEqual(report.failures, ['signingCredential.untrusted']);
    assert.equal(await readIndependently(bytes, 'video/mp4', others), 'Valid');
  }
});

test('a signed thumbnail is trusted by both readers', async () => {
  const { path, bytes } = await signed('image/jpeg');
  const report = await readManifest(path, 'image/jpeg', signer.trust_anchors_pem);
  assert.equal(report.state, 'trusted');
  assert.equal(report.ai_generated, true);
  assert.equal(report.title, 'video_7f3a');
  assert.equal(await readIndependently(bytes, 'image/jpeg', signer.trust_anchors_pem), 'Trusted');
});

test('the manifest says that a model made it, which, how and when, and who signed', async () => {
  const { path, manifest_label } = await signed('video/mp4');
  assert.deepEqual(await readManifest(path, 'video/mp4', signer.trust_anchors_pem), {
    state: 'trusted',
    manifest_label,
    title: 'video_7f3a',
    signer: { name: 'Everframe development signer', organisation: 'Everframe development' },
    generator: { name: 'Everframe', version: '0.1.0' },
    model: { title: 'Everframe Pocket', name: 'pocket', version: '1.2.0' },
    created_at: '2026-11-01T12:00:00.000Z',
    ai_generated: true,
    parameters: {
      video_id: 'video_7f3a',
      operation: 'created',
      model: 'pocket',
      model_version: '1.2.0',
      model_sha256: 'ab'.repeat(32),
      seed: 4_294_967_295,
      frames: 24,
      fps: 8,
      width: 64,
      height: 64,
      provider: 'cpu',
      encoder: 'wasm',
    },
    failures: [],
  });
});

test('prompt and model are ingredients of it, by keyed hash and by digest', async () => {
  const { bytes } = await signed('video/mp4');
  const text = bytes.toString('latin1');
  assert.ok(text.includes(`urn:everframe:prompt:hmac-sha256:${'cd'.repeat(32)}`));
  assert.ok(text.includes(`urn:everframe:model:sha256:${TEST_FACTS.model.package_sha256}`));
});

test('signing leaves the pictures as they are', async () => {
  const { path } = await signed('video/mp4');
  assert.deepEqual(await decodeFile(path, 'yuv420p'), await decodeFile(video, 'yuv420p'));
});

test('a flipped bit in samples, index, claim or signature is refused by both readers', async () => {
  const { bytes } = await signed('video/mp4');
  const moov = findBox(bytes, ['moov']);
  const mdat = findBox(bytes, ['mdat']);
  const places: [name: string, at: number][] = [
    ['first byte of the samples', mdat.start],
    ['middle of the samples', (mdat.start + mdat.end) >> 1],
    ['last byte of the samples', mdat.end - 1],
    ['duration in the index', moov.start + 8 + 28],
    ['colour in the index', bytes.indexOf('nclx') + 5],
    ['digitalSourceType', bytes.indexOf('trainedAlgorithmicMedia') + 3],
    ['our seed', bytes.indexOf('org.everframe.seed') + 19],
    ['claim', bytes.indexOf('claim_generator_info') + 30],
  ];
  for (const [name, at] of places) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    const path = join(folder, 'flipped.mp4');
    await writeFile(path, flipped);
    const report = await readManifest(path, 'video/mp4', signer.trust_anchors_pem);
    assert.equal(report.state, 'invalid', name);
    assert.ok(report.failures.length > 0, name);
    const other = await readIndependently(flipped, 'video/mp4', signer.trust_anchors_pem);
    assert.match(other, /^(Invalid|refused: .*)$/, name);
  }
});

test('a copy by a program that knows no manifests has none', async () => {
  const { path } = await signed('video/mp4');
  const copy = join(folder, 'copy.mp4');
  await runFfmpeg(['-v', 'error', '-y', '-i', path, '-c', 'copy', copy]);
  assert.deepEqual(await readManifest(copy, 'video/mp4', signer.trust_anchors_pem), {
    state: 'none',
    ai_generated: false,
    parameters: {},
    failures: [],
  });
});

test('whatever makes signing fail leaves no file', async () => {
  const into = await mkdtemp(join(folder, 'failing-'));
  const source_path = video;
  const out_path = join(into, 'out.mp4');
  const failing: [Partial<Signer>, RegExp][] = [
    [{ sign: () => Promise.reject(new Error('the key service is away')) }, /the key service is away/],
    [{ sign: stranger.sign }, /could not be signed/],
    [{ trust_anchors_pem: stranger.trust_anchors_pem }, /it must be trusted; it is valid \(signingCredential.untrusted\)/],
    [{ sign: async () => new Uint8Array(10) }, /could not be signed/],
  ];
  for (const [change, message] of failing) {
    const options = { signer: { ...signer, ...change }, source_path, mime_type: 'video/mp4', out_path, facts: TEST_FACTS } as const;
    await assert.rejects(signAsset(options), message);
    assert.deepEqual(await readdir(into), []);
  }
  const junk = join(folder, 'junk.mp4');
  await writeFile(junk, Buffer.alloc(1000, 7));
  await assert.rejects(
    signAsset({ signer, source_path: junk, mime_type: 'video/mp4', out_path, facts: TEST_FACTS }),
    /could not be signed/,
  );
  assert.deepEqual(await readdir(into), []);
});

test('samples in two boxes are refused: readers would judge them by chance', async () => {
  const source_path = join(folder, 'two.mp4');
  const bytes = await readFile(video);
  const { start, end } = findBox(bytes, ['mdat']);
  await writeFile(source_path, Buffer.concat([bytes, bytes.subarray(start - 8, end)]));
  const out_path = join(folder, 'two-signed.mp4');
  const signing = signAsset({ signer, source_path, mime_type: 'video/mp4', out_path, facts: TEST_FACTS });
  await assert.rejects(signing, /it has 2 mdat boxes and must have one/);
});

test('a file that is missing is an error; one that cannot be parsed is invalid', async () => {
  await assert.rejects(readManifest(join(folder, 'nowhere.mp4'), 'video/mp4', undefined), { code: 'ENOENT' });
  const path = join(folder, 'cut.mp4');
  const { bytes } = await signed('video/mp4');
  await writeFile(path, bytes.subarray(0, 3000));
  const report = await readManifest(path, 'video/mp4', signer.trust_anchors_pem);
  assert.equal(report.state, 'invalid');
  assert.notDeepEqual(report.failures, []);
});

test('anchors that are no certificates are an error, not a verdict on the file', async () => {
  await assert.rejects(readManifest(video, 'video/mp4', 'not a certificate'));
});

async function signed(mime_type: 'video/mp4' | 'image/jpeg'): Promise<{ path: string; bytes: Buffer; manifest_label: string }> {
  const source_path = mime_type === 'video/mp4' ? video : picture;
  const path = source_path.replace(/\.(\w+)$/, `-signed-${Math.random()}.$1`);
  const { manifest_label } = await signAsset({ signer, source_path, mime_type, out_path: path, facts: TEST_FACTS });
  return { path, bytes: await readFile(path), manifest_label };
}
