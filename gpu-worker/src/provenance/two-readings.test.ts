/**
 * Files in which a C2PA reader sees our manifest while our own parser could be made to see a forged one beside it: pictures of a stranger
 * behind our signature, whole, in one pass and live. No such file may read as ours.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { activeManifest, LiveVerifier, SESSION_KEYS_LABEL, signingCertificate } from '@everframe/shared/live-verification';
import { readerSettings, readStreamedFile, toVerificationReport, withBinding } from '@everframe/shared/verification';
import { make, streamOf } from '../testing/live-video.ts';
import { openDevelopmentSigner } from './development-signer.ts';
import { createSessionKey, sessionKeysAssertion } from './session-key.ts';
import { signAsset } from './sign-asset.ts';
import { signSegment } from './sign-segment.ts';
import { makeTestVideo, TEST_FACTS } from './test-asset.ts';
import { box } from './test-boxes.ts';
import { readWith } from './test-reader.ts';
import { boxesOf } from './test-regions.ts';
import { cborOf, find, forged, insideOf, readManifestBox, replaced, superbox, writeManifestBox } from './test-store.ts';
import { type Forgery, TWO_READINGS } from './test-two-readings.ts';

const BINDING = 'c2pa.hash.bmff.v3';
const folder = await mkdtemp(join(tmpdir(), 'everframe-readings-'));
after(() => rm(folder, { recursive: true }));
const signer = await openDevelopmentSigner(join(folder, 'keys'));
const settings = readerSettings({ own_roots_pem: signer.trust_anchors_pem, trust_list_pem: '' });
const own = await sign();
const [ftyp, uuid] = partsOf(own, 'ftyp', 'uuid');
const ours = readManifestBox(uuid);
const real = superbox(insideOf(ours.store).at(-1));
/** What a stranger shows: index and samples of another video. */
const theirs = Buffer.concat(partsOf(await readFile(await makeTestVideo(folder, 24)), 'moov', 'mdat'));

const honest = await make(`video_${'a'.repeat(32)}`, { folder, signer });
const foreign = await make(`video_${'b'.repeat(32)}`, { folder, signer: await openDevelopmentSigner(join(folder, 'others')) });
const init = Buffer.from(streamOf(honest)[0]?.[0] ?? []);
const attacker = await createSessionKey();
const SOUND = ['ours', 'another', 'unknown_signer'];
const REFUSED = { manifests: {}, validation_state: 'Invalid', validation_results: {} };

test('what is attacked is ours before it is', async () => {
  assert.deepEqual(await verdicts(own), { whole: 'ours', streamed: 'ours' });
  assert.deepEqual(await verdicts(Buffer.concat([ftyp, uuid, theirs])), { whole: 'altered', streamed: 'altered' });
  assert.deepEqual(await verdicts(Buffer.concat([ftyp, writeManifestBox(ours), own.subarray(ftyp.length + uuid.length)])), {
    whole: 'ours',
    streamed: 'ours',
  });
});

for (const [name, build] of TWO_READINGS) {
  test(`pictures of a stranger are never ours: ${name}`, async () => {
    // The binding covers where the boxes lie, so the size of what stands before them must be known first.
    const draft = Buffer.concat([ftyp, build(forgeryOf({ ours, real, label: BINDING }, (content) => content)), theirs]);
    const [before, now] = [boundOf(own), boundOf(draft)];
    const bind = (content: Buffer) => replaced(replaced(content, before.hash, now.hash), before.leaf, now.leaf);
    const attack = Buffer.concat([ftyp, build(forgeryOf({ ours, real, label: BINDING }, bind)), theirs]);
    const { whole, streamed } = await verdicts(attack);
    assert.ok(!SOUND.includes(whole), `whole: ${whole}`);
    assert.ok(!SOUND.includes(streamed), `in one pass: ${streamed}`);
  });
}

test('a live stream of a stranger is never ours under our start, however a forged key is put beside ours', async (t) => {
  const genuine = activeManifest(init);
  assert.ok(genuine);
  const segments = await Promise.all(
    streamOf(foreign).map(([, media]) =>
      signSegment(attacker, genuine.label, { media: withoutInfo(media), timescale: 4096, duration: 512 }),
    ),
  );
  const keys = Buffer.from(await sessionKeysAssertion(attacker, signingCertificate(genuine), 1));
  const [start] = partsOf(init, 'uuid');
  const live = readManifestBox(start);
  const forgery = forgeryOf({ ours: live, real: superbox(insideOf(live.store).at(-1)), label: SESSION_KEYS_LABEL }, () => keys);
  const at = init.indexOf(start);
  for (const [name, build] of TWO_READINGS) {
    await t.test(name, async () => {
      // Our box becomes free space of its size, so nothing that is hashed moves.
      const freed = Buffer.concat([init.subarray(0, at), box('free', start.subarray(8)), init.subarray(at + start.length)]);
      const attack = Buffer.concat([freed, build(forgery)]);
      const report = toVerificationReport(await readWith(attack, 'video/mp4', settings).catch(() => REFUSED), 'a reader', () => undefined);
      const verifier = new LiveVerifier();
      const { verdict } = await verifier.begin(attack, report);
      const told = [];
      for (const segment of segments) told.push((await verifier.check(segment)).verdict);
      assert.ok(!told.includes('valid'), `${verdict}: ${told.join()}`);
    });
  }
});

test('a file that claims a hash for each byte costs no hash for each', async () => {
  const [, index] = /fixedBlockSize(.)/s.exec(cborOf(find(real, BINDING)).toString('latin1')) ?? [];
  assert.equal(index, '\x1a', 'a number of 32 bits');
  const bytes = 3_000_000;
  for (const [size, binding] of [
    [1, 'unsupported'],
    [64 * 1024 - 1, 'unsupported'],
    [64 * 1024, 'mismatch'],
  ] as const) {
    const resize = (content: Buffer) => {
      const changed = Buffer.from(content);
      changed.writeUInt32BE(size, changed.indexOf('fixedBlockSize') + 15);
      return changed;
    };
    const { fake } = forgeryOf({ ours, real, label: BINDING }, resize);
    const head = writeManifestBox({ ...ours, store: { ...ours.store, children: [...ours.store.children.slice(0, -1), fake] } });
    let hashes = 0;
    const file = Buffer.concat([ftyp, head, box('mdat', Buffer.alloc(bytes))]);
    const found = await readStreamedFile(piecesOf(file), () => {
      hashes += 1;
      return createSha256();
    });
    assert.equal(found.binding, binding, `blocks of ${size}`);
    // Of the file, of its boxes, and of the one block that is bound.
    assert.ok(hashes <= 3, `${hashes} hashes of blocks of ${size}`);
  }
});

async function sign(): Promise<Buffer> {
  const out_path = join(folder, 'own.mp4');
  await signAsset({
    signer,
    source_path: await makeTestVideo(folder),
    mime_type: 'video/mp4',
    out_path,
    facts: TEST_FACTS,
    merkle_from_bytes: 0,
  });
  return readFile(out_path);
}

function forgeryOf(of: Omit<Forgery, 'fake'>, change: (content: Buffer) => Buffer): Forgery {
  return { ...of, fake: forged(of.real, of.label, change) };
}

/** What a viewer is told of the file held whole, and of the same read in one pass. */
async function verdicts(bytes: Buffer): Promise<{ whole: string; streamed: string }> {
  const read = (part: Uint8Array) => readWith(part, 'video/mp4', settings).catch(() => REFUSED);
  const told = (json: unknown) => toVerificationReport(json, 'a reader', () => undefined).verdict;
  const streamed = await readStreamedFile(piecesOf(bytes), createSha256);
  const { head, binding } = streamed;
  const is_bound = binding === 'match' || binding === 'mismatch';
  return { whole: told(await read(bytes)), streamed: is_bound ? told(withBinding(await read(head), streamed)) : binding };
}

/** What our signer would bind: one hash over index and the samples' head, each behind its place, and one over the samples. */
function boundOf(file: Buffer): { hash: Buffer; leaf: Buffer } {
  const hash = createHash('sha256');
  const leaf = createHash('sha256');
  for (const { type, start, end } of boxesOf(file)) {
    const offset = Buffer.alloc(8);
    offset.writeBigUInt64BE(BigInt(start));
    if (type === 'moov') hash.update(offset).update(file.subarray(start, end));
    if (type === 'mdat') hash.update(offset).update(file.subarray(start, start + 16));
    if (type === 'mdat') leaf.update(file.subarray(start + 16, end));
  }
  return { hash: hash.digest(), leaf: leaf.digest() };
}

function partsOf<T extends string[]>(bytes: Buffer, ...types: T): { [K in keyof T]: Buffer } {
  const boxes = boxesOf(bytes);
  return types.map((type) => {
    const found = boxes.find((candidate) => candidate.type === type);
    assert.ok(found, type);
    return bytes.subarray(found.start, found.end);
  }) as { [K in keyof T]: Buffer };
}

function withoutInfo(media: Uint8Array): Buffer {
  const bytes = Buffer.from(media);
  return Buffer.concat(boxesOf(bytes).flatMap(({ type, start, end }) => (type === 'emsg' ? [] : [bytes.subarray(start, end)])));
}

async function* piecesOf(bytes: Uint8Array, size = 65536) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function createSha256() {
  const hash = createHash('sha256');
  return { update: (bytes: Uint8Array) => hash.update(bytes), digest: async () => new Uint8Array(hash.digest()) };
}
