/** Live streams as the worker's whole path signs them, judged by the verifier that viewers have, honest and attacked. */
import assert from 'node:assert/strict';
import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LiveVerifier, type SegmentVerdict, withoutManifest } from '@everframe/shared/live-verification';
import { concat, findBox, readBoxes } from './media/isobmff.ts';
import { cbor } from './provenance/cbor.ts';
import { openDevelopmentSigner } from './provenance/development-signer.ts';
import { LiveSession } from './provenance/live-session.ts';
import { readManifest } from './provenance/read-manifest.ts';
import { createSessionKey, SESSION_SECONDS, sessionKeysAssertion } from './provenance/session-key.ts';
import { signInit } from './provenance/sign-init.ts';
import { signSegment } from './provenance/sign-segment.ts';
import { TEST_FACTS } from './provenance/test-asset.ts';
import {
  bytesOf,
  CHUNKS,
  type MakeOptions,
  make as makeVideo,
  report as reportOf,
  streamOf,
  takenOver,
  watch as watchAll,
} from './testing/live-video.ts';

const [VIDEO_A, VIDEO_B] = [`video_${'a'.repeat(32)}`, `video_${'b'.repeat(32)}`];
const folder = await mkdtemp(join(tmpdir(), 'everframe-live-'));
after(() => rm(folder, { recursive: true }));
const signer = await openDevelopmentSigner(join(folder, 'keys'));
const stranger = await openDevelopmentSigner(join(folder, 'other-keys'));

const make = (video_id: string, options: Partial<MakeOptions> = {}) => makeVideo(video_id, { folder, signer, ...options });
const report = (bytes: Uint8Array) => reportOf(bytes, signer);
const watch = (segments: readonly (readonly [init: Uint8Array, media: Uint8Array])[]) => watchAll(segments, signer);
const honest = await make(VIDEO_A);
const other = await make(VIDEO_B);
const stream = streamOf(honest);
const [init = new Uint8Array(0)] = stream[0] ?? [];
const ALL_VALID = Array.from({ length: CHUNKS }, () => 'valid');

test('the start of a live stream is trusted by two readers, and says what is being made', async () => {
  const path = join(folder, 'init.mp4');
  await writeFile(path, init);
  const { state, failures, ai_generated, parameters, model } = await readManifest(path, 'video/mp4', signer.trust_anchors_pem);
  assert.deepEqual([state, failures, ai_generated], ['trusted', [], true]);
  assert.deepEqual([parameters.video_id, parameters.seed, parameters.frames, model?.name], [VIDEO_A, 7, undefined, 'toy']);
  const { verdict, validation_state } = await report(init);
  assert.deepEqual([verdict, validation_state], ['ours', 'trusted']);
});

test('every segment of an honest stream is valid, and all share one start', async () => {
  assert.deepEqual(await watch(stream), ALL_VALID);
  assert.equal(new Set(honest.commits.map(({ segment }) => segment.init.key)).size, 1);
});

const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
const media = (index: number): Uint8Array => stream[index]?.[1] ?? new Uint8Array(0);
const at = (index: number, bytes: Uint8Array = media(index)) => [init, bytes] as const;
const foreign = streamOf(other)[1]?.[1] ?? new Uint8Array(0);
/** Where the info lies. */
const info = (bytes: Uint8Array) => findBox(bytes, ['emsg']);

const ATTACKS: readonly (readonly [name: string, segments: ReturnType<typeof at>[], told: SegmentVerdict[]])[] = [
  ['a flipped bit of the picture', [at(0), at(1, flip(media(1), media(1).length - 9)), at(2)], ['valid', 'changed', 'gap']],
  ['a flipped bit of the timing', [at(0, flip(media(0), findBox(media(0), ['moof', 'traf', 'tfdt']).end - 1))], ['changed']],
  ['a flipped bit of the brands', [at(0, flip(media(0), 9))], ['changed']],
  ['a box at the end', [at(0, concat([media(0), [0, 0, 0, 8, 102, 114, 101, 101]]))], ['changed']],
  ['a segment left out', [at(0), at(2), at(3)], ['valid', 'gap', 'valid']],
  ['a segment shown again', [at(0), at(1), at(1), at(2)], ['valid', 'valid', 'replay', 'valid']],
  ['two segments exchanged', [at(0), at(2), at(1), at(3)], ['valid', 'gap', 'reorder', 'valid']],
  ['the first segments left out', [at(2), at(3)], ['gap', 'valid']],
  ["another video's segment", [at(0), at(0, foreign), at(1)], ['valid', 'foreign_stream', 'valid']],
  ['a segment without its info', [at(0, withoutInfo(media(0)))], ['unsigned']],
  ['a flipped bit of the signature', [at(0, flip(media(0), info(media(0)).end - 3))], ['foreign_key']],
  ['a picture under the info of another segment', [at(0), at(1, concat([head(media(1)), tail(media(2))]))], ['valid', 'changed']],
  ['a segment that is cut off', [at(0, media(0).subarray(0, 500))], ['unreadable']],
];
for (const [name, segments, told] of ATTACKS) {
  test(`named to the viewer: ${name}`, async () => assert.deepEqual(await watch(segments), told));
}

test('no bit of a segment can be changed unseen but those of the info box that say nothing', async () => {
  const segment = media(0);
  const { at: begin, start } = info(segment);
  const about = await report(init);
  const unseen: number[] = [];
  // Every byte of the boxes' heads and of the info; of the samples, which are hashed alike, some.
  for (let index = 0; index < segment.length; index += index < 1200 ? 1 : 97) {
    const verifier = new LiveVerifier();
    await verifier.begin(init, about);
    const { verdict } = await verifier.check(flip(segment, index));
    if (verdict === 'valid') unseen.push(index - begin);
  }
  // Version, flags; value, timescale, times and id of the event: behind the scheme and before the message.
  const scheme_end = segment.indexOf(0, start + 4) - begin;
  assert.deepEqual(
    unseen.filter((offset) => !((offset >= 8 && offset < 12) || (offset >= scheme_end && offset < scheme_end + 1 + 5 + 16))),
    [],
  );
});

test('whoever joins late begins with any segment, and misses none after it', async () => {
  const verifier = new LiveVerifier({ joins_late: true });
  await verifier.begin(init, await report(init));
  const told: SegmentVerdict[] = [];
  for (const index of [2, 3, 1]) told.push((await verifier.check(media(index))).verdict);
  assert.deepEqual(told, ['valid', 'valid', 'reorder']);
});

test('a stranger who copies our facts but signs with another certificate is an unknown signer', async () => {
  const forged = await make(VIDEO_A, { signer: stranger });
  const [[forged_init, first] = []] = streamOf(forged);
  assert.ok(forged_init && first);
  const verifier = new LiveVerifier();
  const { verdict } = await verifier.begin(forged_init, await report(forged_init));
  assert.equal(verdict, 'unknown_signer');
  // Its start does not make its segments ours, and under our start they are foreign.
  assert.deepEqual(await watch([at(0), [init, first]]), ['valid', 'foreign_stream']);
});

test('no segment is valid under a start that was changed, or that names no keys', async () => {
  const cases: [Uint8Array, string][] = [
    [flip(init, init.length - 3), 'not_trustworthy'],
    [flip(init, Buffer.from(init).indexOf('minSequenceNumber') + 17), 'not_trustworthy'],
    [withoutManifest(init), 'not_trustworthy'],
    [honest.video, 'no_session'],
  ];
  for (const [bytes, expected] of cases) {
    const verifier = new LiveVerifier();
    const { verdict, sentence } = await verifier.begin(bytes, await report(bytes));
    assert.equal(verdict, expected, sentence);
    assert.equal((await verifier.check(media(0))).verdict, 'foreign_stream');
  }
});

test('a worker that takes over goes on with a session of its own, and with the same pictures', async () => {
  const taken = await make(VIDEO_A, { claim: takenOver(honest, 2), before: honest });
  const all = { ...taken, commits: [...honest.commits.slice(0, 2), ...taken.commits] };
  assert.deepEqual(await watch(streamOf(all)), ALL_VALID);
  assert.equal(new Set(all.commits.map(({ segment }) => segment.init.key)).size, 2);
  for (const [index, { segment }] of all.commits.entries()) {
    assert.deepEqual(samples(bytesOf(all, segment.media)), samples(media(index)), `segment ${index}`);
  }
  // Neither worker's segments can stand in for the other's: what the dead one did not commit has no place.
  const second = bytesOf(all, all.commits[2]?.segment.init ?? assert.fail());
  assert.deepEqual(await watch([at(0), at(1), [second, media(2)]]), ['valid', 'valid', 'foreign_stream']);
  // A stream that goes on with the start of another one is refused, whoever signed it.
  const verifier = new LiveVerifier();
  await verifier.begin(streamOf(other)[0]?.[0] ?? assert.fail(), await report(streamOf(other)[0]?.[0] ?? assert.fail()));
  assert.equal((await verifier.begin(second, await report(second))).verdict, 'foreign_stream');
});

test('a stream that outlasts half of its key goes on with a new session of the same worker', async ({ mock }) => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const long = await make(VIDEO_A, {
    onCommit: ({ segment }) => segment.chunk_index === 1 && mock.timers.setTime(Date.now() + (SESSION_SECONDS / 2 + 60) * 1000),
  });
  mock.timers.reset();
  assert.deepEqual(await watch(streamOf(long)), ALL_VALID);
  const inits = long.commits.map(({ segment }) => segment.init.key);
  assert.deepEqual([inits[0] === inits[1], inits[1] === inits[2], inits[2] === inits[4]], [true, false, true]);
});

test('the finished file names the manifests that its segments were published under', async () => {
  const taken = await make(VIDEO_A, { claim: takenOver(honest, 3), before: honest });
  const labels = await Promise.all(
    [init, bytesOf(taken, taken.commits[0]?.segment.init ?? assert.fail())].map(async (bytes) => (await report(bytes)).manifest_label),
  );
  const path = join(folder, 'final.mp4');
  await writeFile(path, taken.video);
  const { state, parameters } = await readManifest(path, 'video/mp4', signer.trust_anchors_pem);
  assert.equal(state, 'trusted');
  assert.equal(parameters.live_manifests, labels.join(' '));
});

test('the stream of another video than the one asked for is refused, though it is ours', async () => {
  const told = [];
  for (const video_id of [VIDEO_A, VIDEO_B]) told.push((await new LiveVerifier({ video_id }).begin(init, await report(init))).verdict);
  assert.deepEqual(told, ['ours', 'foreign_stream']);
});

test('no number is signed twice', async () => {
  const plain = withoutInfo(media(0));
  const options = { signer, init: withoutManifest(init), facts: TEST_FACTS, first_sequence_number: 1, scratch_dir: folder };
  const session = await LiveSession.open(options);
  const segment = { media: plain, timescale: 4000, duration: 4000 };
  await session.sign(segment);
  await assert.rejects(session.sign(segment), /segment 2 must be signed next; got 1/);
});

test('a stream whose key signed the certificate as it is, not its CBOR, is valid too', async () => {
  const key = await createSessionKey();
  const { sign } = key;
  // The payload is the last field of what is signed, a byte string; ours has the CBOR of one in it.
  const bare = async (signed: Uint8Array) => {
    const fields = cbor.decode(signed);
    return sign(cbor.encode([...fields.slice(0, 3), cbor.decode(fields[3])]));
  };
  const plain = { init: withoutManifest(init), facts: TEST_FACTS, scratch_dir: folder, signer };
  const start = await signInit({ ...plain, sessionKeys: (certificate) => sessionKeysAssertion({ ...key, sign: bare }, certificate, 1) });
  const verifier = new LiveVerifier();
  await verifier.begin(start.init, await report(start.init));
  const segment = { media: withoutInfo(media(0)), timescale: 4000, duration: 4000 };
  assert.equal((await verifier.check(await signSegment(key, start.manifest_label, segment))).verdict, 'valid');
});

test('a segment that was signed when the time of its key was over is named so', async () => {
  const two_days_ago = new Date(Date.now() - 2 * SESSION_SECONDS * 1000);
  const key = await createSessionKey(two_days_ago);
  const plain = { init: withoutManifest(init), facts: TEST_FACTS, scratch_dir: folder, signer };
  const signed = await signInit({ ...plain, sessionKeys: (certificate) => sessionKeysAssertion(key, certificate, 1) });
  const verifier = new LiveVerifier();
  await verifier.begin(signed.init, await report(signed.init));
  const told: SegmentVerdict[] = [];
  for (const [index, at] of [two_days_ago, new Date()].entries()) {
    const segment = { media: withoutInfo(media(index)), timescale: 4000, duration: 4000 };
    told.push((await verifier.check(await signSegment(key, signed.manifest_label, segment, at))).verdict);
  }
  assert.deepEqual(told, ['valid', 'expired_key']);
});

test('a signature holds for another decoder and another crypto library too', async () => {
  // The verifier has a CBOR decoder of its own and WebCrypto; this is cbor-x and OpenSSL.
  const bytes = media(0);
  const { start, end } = info(bytes);
  const message = bytes.subarray(bytes.indexOf(0, bytes.indexOf(0, start + 4) + 1) + 17, end);
  const [protected_header, unprotected, payload, signature] = cbor.decode(message).value;
  const label = Buffer.from(init).indexOf('c2pa.session-keys\0');
  const content_at = Buffer.from(init).indexOf('cbor', label) + 4;
  const [entry] = cbor.decode(init.subarray(content_at, content_at + Buffer.from(init).readUInt32BE(content_at - 8) - 8)).get('keys');
  const key = entry.get('key');
  assert.deepEqual([...unprotected.get(4)], [...key.get(2)]);
  const [x, y] = [-2, -3].map((name) => Buffer.from(key.get(name)).toString('base64url'));
  const public_key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, format: 'jwk' });
  const signed = cbor.encode(['Signature1', protected_header, Buffer.alloc(0), payload]);
  assert.ok(verify('sha256', signed, { key: public_key, dsaEncoding: 'ieee-p1363' }, signature));
  // The key signs the CBOR of the certificate.
  const [binding_header, , absent, binding] = entry.get('signerBinding').value;
  const certificate = new X509Certificate(signer.certificate_chain_pem).raw;
  const bound = cbor.encode(['Signature1', binding_header, Buffer.alloc(0), cbor.encode(certificate)]);
  assert.equal(absent, null);
  assert.ok(verify('sha256', bound, { key: public_key, dsaEncoding: 'ieee-p1363' }, binding));
});

function samples(segment: Uint8Array): Uint8Array {
  const { start, end } = findBox(segment, ['mdat']);
  return segment.slice(start, end);
}

function withoutInfo(segment: Uint8Array): Uint8Array {
  return concat([...readBoxes(segment)].filter(({ type }) => type !== 'emsg').map((box) => segment.subarray(box.at, box.end)));
}

function head(segment: Uint8Array): Uint8Array {
  return segment.subarray(0, info(segment).end);
}

function tail(segment: Uint8Array): Uint8Array {
  return segment.subarray(info(segment).end);
}
