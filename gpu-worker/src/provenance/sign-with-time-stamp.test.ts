import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { jpegSegments } from '@everframe/shared';
import type { SignedMimeType } from './assertions.ts';
import { openDevelopmentSigner } from './development-signer.ts';
import { readManifest } from './read-manifest.ts';
import { restampAsset } from './restamp-asset.ts';
import { signAsset } from './sign-asset.ts';
import { makeTestPicture, makeTestVideo, TEST_FACTS } from './test-asset.ts';
import { readFully, readIndependently } from './test-reader.ts';
import { startTestAuthority } from './test-time-stamp-server.ts';

const folder = await mkdtemp(join(tmpdir(), 'everframe-stamp-'));
const first = await startTestAuthority('RSA');
const second = await startTestAuthority('ECDSA');
after(async () => {
  await Promise.all([first.close(), second.close()]);
  await rm(folder, { recursive: true });
});

const signer = await openDevelopmentSigner(join(folder, 'keys'));
const sources = { 'video/mp4': await makeTestVideo(folder), 'image/jpeg': await makeTestPicture(folder) };
const URLS = [first.url, second.url];

for (const [name, authority] of [
  ['RSA', first],
  ['P-256', second],
] as const) {
  // biome-ignore format: a table
  test(`both readers accept the time-stamp of an authority with a key of the type ${name}, and trust it with its root`, async () => {
    const { path, time_stamp, faults } = await sign('video/mp4', [authority.url]);
    assert.deepEqual(faults, []);
    assert.equal(time_stamp?.authority, authority.url);
    const report = await readManifest(path, 'video/mp4', signer.trust_anchors_pem);
    assert.equal(report.state, 'trusted');
    assert.equal(Date.parse(report.time_stamp?.at ?? ''), time_stamp.at.getTime());
    assert.equal(report.time_stamp?.trusted, false);
    const vouched = await readManifest(path, 'video/mp4', signer.trust_anchors_pem + authority.root_pem);
    assert.equal(vouched.time_stamp?.trusted, true);
    const bytes = await readFile(path);
    assert.ok((await codes(bytes, signer.trust_anchors_pem)).includes('timeStamp.validated'));
    assert.ok((await codes(bytes, signer.trust_anchors_pem)).includes('timeStamp.untrusted'));
    assert.ok((await codes(bytes, signer.trust_anchors_pem + authority.root_pem)).includes('timeStamp.trusted'));
  });
}

test('where the first authority fails, the second stamps, and one signature was made', async () => {
  first.behaviour = 'broken signature';
  let signatures = 0;
  const counting = { ...signer, sign: (bytes: Uint8Array) => signer.sign(bytes).finally(() => signatures++) };
  const { time_stamp, faults } = await sign('video/mp4', URLS, counting);
  first.behaviour = 'right';
  assert.equal(time_stamp?.authority, second.url);
  assert.equal(faults.length, 1);
  assert.equal(signatures, 1);
});

for (const mime_type of ['video/mp4', 'image/jpeg'] as const) {
  test(`${mime_type}: signed while no authority answers, it is trusted; the sweep stamps it later and changes nothing else`, async () => {
    first.behaviour = second.behaviour = 'status 500';
    const { path, time_stamp, faults, manifest_label } = await sign(mime_type, URLS);
    assert.equal(time_stamp, undefined);
    assert.equal(faults.length, 2);
    const before = await readFile(path);
    assert.equal(await readIndependently(before, mime_type, signer.trust_anchors_pem), 'Trusted');
    const sweep = { path, mime_type, time_stamp_urls: URLS, trust_anchors_pem: signer.trust_anchors_pem };
    const failed = await restampAsset(sweep);
    assert.ok(failed.kind === 'no_authority' && failed.faults.length === 2);
    assert.deepEqual(await readFile(path), before);

    first.behaviour = second.behaviour = 'right';
    assert.deepEqual(await restampAsset(sweep), { kind: 'stamped' });
    const report = await readManifest(path, mime_type, signer.trust_anchors_pem);
    assert.equal(report.state, 'trusted');
    assert.equal(report.manifest_label, manifest_label);
    assert.ok(Math.abs(Date.parse(report.time_stamp?.at ?? '') - Date.now()) < 60_000);
    const after_sweep = await readFile(path);
    assert.equal(await readIndependently(after_sweep, mime_type, signer.trust_anchors_pem), 'Trusted');
    assert.equal(after_sweep.length, before.length);
    const changed = [...before.keys()].filter((index) => before[index] !== after_sweep[index]);
    assert.ok((changed.at(-1) ?? 0) - (changed[0] ?? 0) < 12_000);
    assert.deepEqual(await restampAsset(sweep), { kind: 'stamped_before' });
  });
}

test('a JPEG whose manifest needs several segments is stamped, wherever they part its signature', async () => {
  let parted = 0;
  // The last box of the manifest is the signature; a text ahead of it moves its label, its room or the time-stamp over the first segment's end.
  for (const length of [40_000, 52_000, 59_000, 60_000, 60_640, 70_000]) {
    first.behaviour = second.behaviour = 'status 500';
    const { path } = await sign('image/jpeg', URLS, signer, {
      ...TEST_FACTS,
      prompts: [{ start_frame: 0, disclosed: 'text', text: 'a balloon '.repeat(length / 10) }],
    });
    const before = await readFile(path);
    first.behaviour = second.behaviour = 'right';
    const sweep = { path, mime_type: 'image/jpeg', time_stamp_urls: URLS, trust_anchors_pem: signer.trust_anchors_pem } as const;
    assert.deepEqual(await restampAsset(sweep), { kind: 'stamped' }, `${length}`);
    const after_sweep = await readFile(path);
    assert.equal(await readIndependently(after_sweep, 'image/jpeg', signer.trust_anchors_pem), 'Trusted');
    assert.equal(after_sweep.length, before.length);
    const changed = [...before.keys()].filter((index) => before[index] !== after_sweep[index]);
    const [, next] = [...jpegSegments(before)]
      .filter(({ marker }) => marker === 0xeb)
      .map(({ content }) => content.byteOffset - before.byteOffset);
    if (next !== undefined && (changed[0] ?? 0) < next && next < (changed.at(-1) ?? 0)) parted++;
  }
  assert.ok(parted > 0);
});

test('what was signed while time-stamps were off has no room for one and is left as it was', async () => {
  const { path } = await sign('video/mp4', []);
  const before = sha256(await readFile(path));
  const outcome = await restampAsset({ path, mime_type: 'video/mp4', time_stamp_urls: URLS, trust_anchors_pem: signer.trust_anchors_pem });
  assert.deepEqual(outcome, { kind: 'no_room' });
  assert.equal(sha256(await readFile(path)), before);
});

test('a file that was altered since, or that is none of ours, is not stamped and left as it was', async () => {
  first.behaviour = second.behaviour = 'status 500';
  const { path } = await sign('video/mp4', URLS);
  first.behaviour = second.behaviour = 'right';
  const altered = await readFile(path);
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
  await writeFile(path, altered);
  const options = { mime_type: 'video/mp4', time_stamp_urls: URLS, trust_anchors_pem: signer.trust_anchors_pem } as const;
  await assert.rejects(restampAsset({ path, ...options }), /is invalid \(assertion\.bmffHash\.mismatch\); it is left as it was/);
  assert.deepEqual(await readFile(path), altered);
  const plain = join(folder, 'plain.mp4');
  await copyFile(sources['video/mp4'], plain);
  await assert.rejects(restampAsset({ path: plain, ...options }), /holds no C2PA manifest/);
});

test('a time-stamp that was moved from another signature is reported and proves nothing', async () => {
  const [one, other] = [await sign('video/mp4', [second.url]), await sign('video/mp4', [second.url])];
  const [into, from] = [await readFile(one.path), await readFile(other.path)];
  const token = Buffer.from(other.time_stamp?.token ?? []);
  const own = Buffer.from(one.time_stamp?.token ?? []);
  const at = into.indexOf(own);
  assert.ok(at > 0 && from.includes(token));
  // One may be a byte longer than the other; cut, it is no better.
  into.set(token.subarray(0, own.length), at);
  await writeFile(one.path, into);
  assert.equal((await readManifest(one.path, 'video/mp4', signer.trust_anchors_pem)).time_stamp, undefined);
});

async function sign(mime_type: SignedMimeType, time_stamp_urls: readonly string[], by = signer, facts = TEST_FACTS) {
  const source_path = sources[mime_type];
  const path = source_path.replace(/\.(\w+)$/, `-signed-${Math.random()}.$1`);
  return { path, ...(await signAsset({ signer: by, source_path, mime_type, out_path: path, facts, time_stamp_urls })) };
}

async function codes(bytes: Uint8Array, trust_anchors_pem: string): Promise<string[]> {
  const { validation_results } = await readFully(bytes, 'video/mp4', trust_anchors_pem);
  const { success, informational } = validation_results.activeManifest;
  return [...success, ...informational].map(({ code }: { code: string }) => code);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
