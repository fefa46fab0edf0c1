/** Files checked in one pass against the reader that has all of them in memory: the same state for sound, altered and cut files. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Builder } from '@contentauth/c2pa-node';
import { readStreamedFile, toVerificationReport, withBinding } from '@everframe/shared/verification';
import { concat } from '../media/isobmff.ts';
import { commandFor } from '../testing/inference.ts';
import { make } from '../testing/live-video.ts';
import { manifestDefinition } from './assertions.ts';
import { openDevelopmentSigner } from './development-signer.ts';
import { builderSettings, signAsset } from './sign-asset.ts';
import { signatureSize, signClaim } from './sign-claim.ts';
import { makeTestVideo, TEST_FACTS } from './test-asset.ts';
import { box } from './test-boxes.ts';
import { readFully } from './test-reader.ts';
import { startTestAuthority } from './test-time-stamp-server.ts';
import { verificationSettings } from './verification-settings.ts';

const folder = await mkdtemp(join(tmpdir(), 'everframe-streamed-'));
const authority = await startTestAuthority();
after(async () => {
  await authority.close();
  await rm(folder, { recursive: true });
});
const signer = await openDevelopmentSigner(join(folder, 'keys'));
const source_path = await makeTestVideo(folder);
const own = await sign('own');
const stamped = await sign('stamped', { time_stamp_urls: [authority.url] });
const extended = await sign('extended', {
  facts: {
    ...TEST_FACTS,
    origin: {
      kind: 'extended',
      parent: { path: join(folder, 'own.mp4'), mime_type: 'video/mp4', title: 'parent' },
      parent_made_by_model: true,
    },
  },
});

/** With a tree, as the large files that are streamed have one. */
async function sign(name: string, options: object = {}): Promise<Buffer> {
  const out_path = join(folder, `${name}.mp4`);
  await signAsset({ signer, source_path, mime_type: 'video/mp4', out_path, facts: TEST_FACTS, merkle_from_bytes: 0, ...options });
  return readFile(out_path);
}

/** As small files and those of other signers are: one hash over everything. */
async function signFlat(source = source_path): Promise<Buffer> {
  const path = join(folder, 'flat.mp4');
  const settings = { ...verificationSettings(signer.trust_anchors_pem), ...builderSettings({ merkle: false }) };
  const builder = Builder.withJson(manifestDefinition(TEST_FACTS, 'video/mp4'), settings);
  const { alg, certificate_chain_pem } = signer;
  await builder.signConfigAsync(
    async (claim) => Buffer.from((await signClaim(signer, claim, [])).cose),
    { alg, certs: [Buffer.from(certificate_chain_pem)], reserveSize: signatureSize(signer, []), directCoseHandling: true },
    { path: source, mimeType: 'video/mp4' },
    { path, mimeType: 'video/mp4' },
  );
  return readFile(path);
}

function createSha256() {
  const hash = createHash('sha256');
  return { update: (bytes: Uint8Array) => hash.update(bytes), digest: async () => new Uint8Array(hash.digest()) };
}

async function* piecesOf(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The state of a file that is never held whole. */
async function streamedState(bytes: Uint8Array, size = 4096, roots = signer.trust_anchors_pem): Promise<string> {
  const { head, binding, manifest_label, ...file } = await readStreamedFile(piecesOf(bytes, size), createSha256);
  if (binding === 'none' || binding === 'unsupported') return binding;
  assert.deepEqual(file, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  const { validation_state } = withBinding(await readFully(head, 'video/mp4', roots), { binding, manifest_label }) as {
    validation_state: string;
  };
  return validation_state;
}

async function wholeState(bytes: Uint8Array): Promise<string> {
  try {
    return (await readFully(bytes, 'video/mp4', signer.trust_anchors_pem)).validation_state;
  } catch {
    return 'refused';
  }
}

test('sound files of every kind are trusted, however their bytes arrive', async () => {
  const live = await make(`video_${'a'.repeat(32)}`, { folder, signer, claim: { command: commandFor(1) } });
  const [init] = [...live.stored].flatMap(([key, bytes]) => (key.includes('init') ? [bytes] : []));
  assert.ok(init);
  const files = { own, stamped, extended, flat: await signFlat(), live: init };
  for (const [name, bytes] of Object.entries(files)) {
    for (const size of [1, 7, 1000, bytes.length]) assert.equal(await streamedState(bytes, size), 'Trusted', `${name} by ${size}`);
  }
  assert.equal(await streamedState(own, 4096, ''), 'Valid');
});

test('a flipped bit anywhere is judged as by the reader that has the whole file', async () => {
  for (const bytes of [own, await signFlat(), extended]) {
    const { length: head } = (await readStreamedFile(piecesOf(bytes, 4096), createSha256)).head;
    for (let at = 0; at < bytes.length; at += at < head ? 307 : 97) {
      const flipped = bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
      const [streamed, whole] = [await streamedState(flipped).catch(() => 'refused'), await wholeState(flipped)];
      // What can't be streamed is left to others, and what one refuses the other may call invalid: neither is ever trusted.
      const is_agreed =
        streamed === whole || (streamed !== 'Trusted' && whole !== 'Trusted') || streamed === 'unsupported' || streamed === 'none';
      assert.ok(is_agreed, `byte ${at}: ${streamed}, and ${whole} of the whole`);
      if (at >= head) assert.notEqual(streamed, 'Trusted', `byte ${at}`);
    }
  }
});

test('a parent that the roots do not vouch for, or whose manifest was altered within its child, is judged as by the reader that has the whole file', async () => {
  const stranger = await openDevelopmentSigner(join(folder, 'stranger'));
  await sign('foreign', { signer: stranger });
  const parent = { path: join(folder, 'foreign.mp4'), mime_type: 'video/mp4', title: 'parent' };
  const child = await sign('child', { facts: { ...TEST_FACTS, origin: { kind: 'extended', parent, parent_made_by_model: true } } });
  assert.deepEqual([await streamedState(child), await wholeState(child)], ['Trusted', 'Trusted']);
  // The parent's manifest comes first in the child's.
  const altered = child.map((byte, index) => (index === child.indexOf('org.everframe.seed') ? byte ^ 1 : byte));
  assert.deepEqual([await streamedState(altered), await wholeState(altered)], ['Invalid', 'Invalid']);
  const { verdict, summary } = toVerificationReport(await readFully(altered, 'video/mp4', signer.trust_anchors_pem), '', () => undefined);
  assert.deepEqual([verdict, /no reason given/.test(summary)], ['altered', false]);
});

test('a file of which all but the head is left out of the hash is judged by what comes behind the head', async () => {
  const path = join(folder, 'empty.mp4');
  const source = await readFile(source_path);
  await writeFile(path, concat([source.subarray(0, source.readUInt32BE(0)), box('free', Buffer.alloc(1000))]));
  const empty = await signFlat(path);
  assert.deepEqual([await streamedState(empty), await wholeState(empty)], ['Trusted', 'Trusted']);
  for (const added of [source.subarray(source.readUInt32BE(0)), box('moov', Buffer.alloc(4))]) {
    const filled = Buffer.from(concat([empty, added]));
    assert.deepEqual([await streamedState(filled), await wholeState(filled)], ['Invalid', 'Invalid']);
  }
});

test('a file that was cut, lengthened or put together otherwise is not trusted, but for boxes that the hash leaves out', async () => {
  const head_bytes = (await readStreamedFile(piecesOf(own, 4096), createSha256)).head.length;
  const ftyp_bytes = own.readUInt32BE(0);
  const manifest = own.subarray(ftyp_bytes, head_bytes);
  for (const [name, bytes, state] of [
    ['cut', own.subarray(0, own.length - 10), 'Invalid'],
    ['without samples', own.subarray(0, head_bytes), 'Invalid'],
    ['a box added', concat([own, box('moof', Buffer.alloc(4))]), 'Invalid'],
    ['a second mdat', concat([own, box('mdat', Buffer.alloc(20))]), 'unsupported'],
    ['a few bytes added', concat([own, [1, 2, 3]]), 'Invalid'],
    ['free space added', concat([own, box('free', Buffer.alloc(4))]), 'Trusted'],
    ['two manifests', concat([own, manifest]), 'unsupported'],
    ['the manifest last', concat([own.subarray(0, ftyp_bytes), own.subarray(head_bytes), manifest]), 'unsupported'],
    ['without a manifest', concat([own.subarray(0, ftyp_bytes), own.subarray(head_bytes)]), 'none'],
    ['a text', Buffer.from('This is no video at all.'), 'unsupported'],
  ] as const) {
    assert.equal(await streamedState(bytes), state, name);
    const whole = await wholeState(bytes);
    if (state === 'Trusted') assert.equal(whole, 'Trusted', name);
  }
});
