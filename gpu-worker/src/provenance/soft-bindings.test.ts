import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openDevelopmentSigner } from './development-signer.ts';
import { signAsset } from './sign-asset.ts';
import { makeTestPicture, makeTestVideo, TEST_FACTS } from './test-asset.ts';
import { readFully } from './test-reader.ts';

const folder = await mkdtemp(join(tmpdir(), 'everframe-soft-bindings-'));
after(() => rm(folder, { recursive: true }));
const signer = await openDevelopmentSigner(join(folder, 'keys'));
const MARK = '5e1f00c0ffee';
const HASHES = ['0123456789abcdef01234567', 'f'.repeat(24)];
const facts = { ...TEST_FACTS, marks: [{ mark: MARK }], fingerprint: { hashes: HASHES } };

async function sign(source_path: string, mime_type: 'video/mp4' | 'image/jpeg', change: object = facts) {
  const out_path = `${source_path}-signed${mime_type === 'video/mp4' ? '.mp4' : '.jpg'}`;
  const { manifest_label } = await signAsset({ signer, source_path, mime_type, out_path, facts: { ...TEST_FACTS, ...change } });
  const report = await readFully(await readFile(out_path), mime_type, signer.trust_anchors_pem);
  assert.equal(report.validation_state, 'Trusted', JSON.stringify(report.validation_results));
  assert.equal(report.active_manifest, manifest_label);
  const { assertions } = report.manifests[manifest_label];
  const named = (name: string) => assertions.filter(({ label }: { label: string }) => label.startsWith(name));
  return { bindings: named('c2pa.soft-binding').map(({ data }: { data: object }) => data), actions: named('c2pa.actions')[0].data.actions };
}

test('a marked video declares mark and fingerprint, and another reader trusts and shows them', async () => {
  const { bindings, actions } = await sign(await makeTestVideo(folder), 'video/mp4');
  const [mark, fingerprint] = bindings;
  assert.deepEqual(mark, {
    alg: 'org.everframe.mark.1',
    blocks: [{ scope: {}, value: Buffer.from('5e1f00c0ffee', 'hex').toString('base64') }],
  });
  assert.equal(fingerprint.alg, 'org.everframe.fingerprint.1');
  assert.equal(Buffer.from(fingerprint.blocks[0].value, 'base64').toString('hex'), HASHES.join(''));
  assert.deepEqual(
    actions.map(({ action }: { action: string }) => action),
    ['c2pa.created', 'c2pa.watermarked.bound'],
  );
});

test('a marked still declares its mark alone', async () => {
  const { bindings } = await sign(await makeTestPicture(folder), 'image/jpeg');
  assert.deepEqual(
    bindings.map(({ alg }: { alg: string }) => alg),
    ['org.everframe.mark.1'],
  );
});

test('a mark that is in a part of the video only is declared for that part, and what was taken over is no deed of ours', async () => {
  const parent = { mark: 'a'.repeat(12), timespan: { start: 0, end: 1500 }, taken_over: true };
  const fingerprint = { hashes: HASHES, timespan: { start: 0, end: 2000 } };
  const taken = await sign(await makeTestVideo(folder), 'video/mp4', { marks: [parent], fingerprint });
  assert.deepEqual(
    taken.bindings.map(({ blocks }: { blocks: { scope: object }[] }) => blocks.map(({ scope }) => scope)),
    [[{ timespan: { start: 0, end: 1500 } }], [{ timespan: { start: 0, end: 2000 } }]],
  );
  assert.equal(taken.actions.length, 1);
  const own = { mark: MARK, timespan: { start: 1500, end: 3000 } };
  const both = await sign(await makeTestVideo(folder), 'video/mp4', { marks: [parent, own] });
  assert.equal(both.bindings.length, 1);
  assert.deepEqual(
    both.bindings[0].blocks.map(({ value }: { value: string }) => Buffer.from(value, 'base64').toString('hex')),
    [parent.mark, MARK],
  );
  assert.equal(both.actions.length, 2);
});

test('a video without a mark declares none', async () => {
  const { bindings, actions } = await sign(await makeTestVideo(folder), 'video/mp4', {});
  assert.deepEqual(bindings, []);
  assert.equal(actions.length, 1);
});
