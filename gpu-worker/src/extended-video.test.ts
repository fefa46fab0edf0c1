/** What the manifests of an extension say of its two parts: the frames that it took over, and those that were made for it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MARK_ALG } from '@everframe/shared/mark';
import { openDevelopmentSigner } from './provenance/development-signer.ts';
import { readManifest } from './provenance/read-manifest.ts';
import { readFully } from './provenance/test-reader.ts';
import { extensionOf, KEPT } from './testing/extended-video.ts';
import { commandFor } from './testing/inference.ts';
import { bytesOf, type Made, make, takenOver } from './testing/live-video.ts';

const [PARENT, CHILD] = [`video_${'a'.repeat(32)}`, `video_${'b'.repeat(32)}`];
const folder = await mkdtemp(join(tmpdir(), 'everframe-extended-'));
after(() => rm(folder, { recursive: true }));
const signer = await openDevelopmentSigner(join(folder, 'keys'));

const [PARENTS_MARK, OWN_MARK] = ['a'.repeat(12), 'b'.repeat(12)];
const parent = await make(PARENT, { folder, signer, claim: { command: commandFor(KEPT), mark: PARENTS_MARK } });

const extension = () => extensionOf(parent, PARENT);

async function parametersOf(made: Made, chunk: number) {
  const { segment } = made.commits[chunk] ?? assert.fail(`no commit ${chunk}`);
  const path = join(folder, 'init.mp4');
  await writeFile(path, bytesOf(made, segment.init));
  const { manifest_label, parameters } = await readManifest(path, 'video/mp4', signer.trust_anchors_pem);
  return { manifest_label, parameters };
}

test("an extension's live stream begins anew: it continues no session of its parent's", async () => {
  const made = await make(CHILD, { folder, signer, claim: extension(), before: parent });
  assert.equal(made.commits.length, 5 - KEPT);
  assert.equal((await parametersOf(made, 0)).parameters.continues_manifest, undefined);
});

test('a worker that takes an extension over continues the session of the worker before it', async () => {
  const begun = await make(CHILD, { folder, signer, claim: extension(), before: parent });
  const [first] = begun.commits;
  assert.ok(first);
  const { segments = [] } = extension();
  const claim = { ...extension(), epoch: 2, parent: 'commit-3', segments: [...segments, first.segment], checkpoint: first.checkpoint };
  const taken = await make(CHILD, { folder, signer, claim, before: begun });
  const { manifest_label } = await parametersOf(begun, 0);
  assert.equal((await parametersOf(taken, 0)).parameters.continues_manifest, manifest_label);
});

/** What the finished file declares of its marks, and whether it claims to have bound one. */
async function declared(made: Made) {
  const report = await readFully(made.video, 'video/mp4', signer.trust_anchors_pem);
  assert.equal(report.validation_state, 'Trusted', JSON.stringify(report.validation_results));
  const { assertions } = report.manifests[report.active_manifest];
  const bindings = assertions.filter(({ label }: { label: string }) => label.startsWith('c2pa.soft-binding'));
  const { blocks = [] } = bindings.find(({ data }: { data: { alg: string } }) => data.alg === MARK_ALG)?.data ?? {};
  const actions = assertions.find(({ label }: { label: string }) => label.startsWith('c2pa.actions')).data.actions;
  return {
    marks: blocks.map(({ scope, value }: { scope: object; value: string }) => [Buffer.from(value, 'base64').toString('hex'), scope]),
    bound: actions.some(({ action }: { action: string }) => action === 'c2pa.watermarked.bound'),
  };
}
const span = (start: number, end: number) => ({ timespan: { start, end } });

test('a video with one mark in all of its frames declares it for the whole file', async () => {
  assert.deepEqual(await declared(parent), { marks: [[PARENTS_MARK, {}]], bound: true });
});

test("an extension declares its parent's mark for the frames that it took over, and its own for the rest", async () => {
  const made = await make(CHILD, { folder, signer, claim: { ...extension(), mark: OWN_MARK }, before: parent });
  assert.deepEqual(await declared(made), {
    marks: [
      [PARENTS_MARK, span(0, 3000)],
      [OWN_MARK, span(3000, 5000)],
    ],
    bound: true,
  });
});

test("an extension that is made without a mark declares its parent's alone, and claims no marking of its own", async () => {
  const made = await make(CHILD, { folder, signer, claim: extension(), before: parent });
  assert.deepEqual(await declared(made), { marks: [[PARENTS_MARK, span(0, 3000)]], bound: false });
});

test('a video that one worker began with a mark and another ended without declares it for what it is in', async () => {
  const begun = await make(CHILD, { folder, signer, claim: { mark: OWN_MARK } });
  const taken = await make(CHILD, { folder, signer, claim: takenOver(begun, 2), before: begun });
  assert.deepEqual(await declared(taken), { marks: [[OWN_MARK, span(0, 2000)]], bound: true });
});

test('of segments whose worker did not say what it wrote, nothing is declared', async () => {
  const begun = await make(CHILD, { folder, signer, claim: { mark: OWN_MARK } });
  const claim = takenOver(begun, 2);
  const segments = claim.segments?.map(({ mark: _unsaid, ...segment }) => segment) ?? [];
  const taken = await make(CHILD, { folder, signer, claim: { ...claim, segments, mark: OWN_MARK }, before: begun });
  assert.deepEqual(await declared(taken), { marks: [[OWN_MARK, span(2000, 5000)]], bound: true });
});
