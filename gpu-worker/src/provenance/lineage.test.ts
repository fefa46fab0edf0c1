import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findBox } from '../media/isobmff.ts';
import type { GenerationFacts, Origin } from './assertions.ts';
import { openDevelopmentSigner } from './development-signer.ts';
import { readManifest } from './read-manifest.ts';
import { signAsset } from './sign-asset.ts';
import { makeTestPicture, makeTestVideo, TEST_FACTS } from './test-asset.ts';
import { makeCloudJpeg, makeCloudPng } from './test-cloud-picture.ts';
import { readFully } from './test-reader.ts';
import { UntrustedError } from './untrusted-error.ts';

const folder = await mkdtemp(join(tmpdir(), 'everframe-lineage-'));
after(() => rm(folder, { recursive: true }));

const signer = await openDevelopmentSigner(join(folder, 'keys'));
const roots = signer.trust_anchors_pem;
const sources = [await makeTestVideo(folder), await makeTestVideo(folder, 24), await makeTestVideo(folder, 48)];
const picture = await makeTestPicture(folder);

const PARAMETERS = [
  'frames',
  'fps',
  'width',
  'height',
  'provider',
  'encoder',
  'seed',
  'model',
  'model_version',
  'model_sha256',
  'video_id',
];

test('a created video says so: who, with what, from which model and seed, and that others may not train on it', async () => {
  const { manifest } = await sign({});
  const [created, ...rest] = actionsOf(manifest);
  assert.deepEqual(rest, []);
  assert.equal(created.action, 'c2pa.created');
  assert.match(created.digitalSourceType, /\/trainedAlgorithmicMedia$/);
  assert.equal(created.softwareAgent.name, 'Everframe');
  for (const name of PARAMETERS) assert.ok(`org.everframe.${name}` in created.parameters, name);
  assert.equal(created.parameters['org.everframe.operation'], 'created');
  const [generator] = manifest.claim_generator_info;
  assert.deepEqual([generator.name, generator.version, generator.specVersion], ['Everframe', '0.1.0', '2.4']);
  const mining = manifest.assertions.find(({ label }: { label: string }) => label === 'cawg.training-mining');
  assert.deepEqual(mining.data.entries['cawg.ai_training'], { use: 'notAllowed' });
  assert.deepEqual(
    manifest.ingredients.map(({ title, relationship }: Ingredient) => [title, relationship]),
    [
      ['prompt', 'inputTo'],
      ['Everframe Pocket', 'inputTo'],
    ],
  );
});

for (const kind of ['extended', 'remixed', 'edited'] as const) {
  test(`${kind}: the parent is opened, then edited by a model, and comes along with its own manifest`, async () => {
    const parent = await sign({ title: 'the parent' });
    const child = await sign({ title: 'the child', origin: from(kind, parent.path) }, 1);
    const [opened, edited] = actionsOf(child.manifest);
    assert.equal(opened.action, 'c2pa.opened');
    assert.equal(opened.digitalSourceType, undefined);
    assert.equal(edited.action, 'c2pa.edited');
    assert.match(edited.digitalSourceType, /\/trainedAlgorithmicMedia$/);
    assert.equal(edited.parameters['org.everframe.operation'], kind);
    const parents = child.manifest.ingredients.filter(({ relationship }: Ingredient) => relationship === 'parentOf');
    assert.equal(parents.length, 1);
    assert.equal(parents[0].active_manifest, parent.label);
    assert.ok(child.store.manifests[parent.label]);

    const report = await readManifest(child.path, 'video/mp4', roots);
    assert.equal(report.state, 'trusted');
    assert.equal(report.ai_generated, true);
    assert.equal(report.parameters.operation, kind);
    assert.equal(report.parameters.seed, TEST_FACTS.seed);
    assert.deepEqual(report.parents, [{ manifest_label: parent.label, title: 'the parent' }]);
    assert.deepEqual(report.failures, []);
  });
}

test('three generations can be read from the last, by two readers', async () => {
  const first = await sign({ title: 'first' });
  const second = await sign({ title: 'second', origin: from('extended', first.path, 'first') }, 1);
  const third = await sign({ title: 'third', origin: from('remixed', second.path, 'second') }, 2);
  assert.deepEqual((await readManifest(third.path, 'video/mp4', roots)).parents, [
    { manifest_label: second.label, title: 'second' },
    { manifest_label: first.label, title: 'first' },
  ]);
  assert.equal(third.store.validation_state, 'Trusted');
  assert.deepEqual(Object.keys(third.store.manifests).sort(), [first.label, second.label, third.label].sort());
});

test('what a model made out of a film without a manifest is a composite', async () => {
  const parent = { path: sources[0] ?? '', mime_type: 'video/mp4', title: 'a film' };
  const child = await sign({ origin: { kind: 'edited', parent, parent_made_by_model: false } }, 1);
  assert.match(actionsOf(child.manifest)[1].digitalSourceType, /\/compositeWithTrainedAlgorithmicMedia$/);
  const report = await readManifest(child.path, 'video/mp4', roots);
  assert.equal(report.ai_generated, true);
  assert.deepEqual(report.parents, [{ manifest_label: undefined, title: 'a film' }]);
});

test('a reference image is an input, with its own manifest where it has one', async () => {
  const signed_picture = join(folder, 'reference.jpg');
  const { manifest_label } = await signAsset({
    signer,
    source_path: picture,
    mime_type: 'image/jpeg',
    out_path: signed_picture,
    facts: TEST_FACTS,
  });
  for (const [path, label] of [
    [signed_picture, manifest_label],
    [picture, undefined],
  ]) {
    // biome-ignore format: a table
    const { manifest } = await sign({ reference_image: { path: path ?? '', mime_type: 'image/jpeg', title: 'reference' } });
    const found = manifest.ingredients.find(({ title }: Ingredient) => title === 'reference');
    assert.equal(found.relationship, 'inputTo');
    assert.equal(found.active_manifest, label);
    assert.equal(actionsOf(manifest)[0].parameters.ingredients.length, 3);
  }
});

test('a reference image whose manifest lies in a cloud is an input like one without; nobody is asked for it', async () => {
  for (const [path, mime_type] of [
    [await makeCloudJpeg(folder), 'image/jpeg'],
    [await makeCloudPng(folder), 'image/png'],
  ] as const) {
    assert.equal((await readManifest(path, mime_type, roots)).state, 'remote');
    const { manifest } = await sign({ reference_image: { path, mime_type, title: 'reference' } });
    const found = manifest.ingredients.find(({ title }: Ingredient) => title === 'reference');
    assert.deepEqual([found.relationship, found.format, found.active_manifest], ['inputTo', mime_type, undefined]);
    assert.equal(actionsOf(manifest)[0].parameters.ingredients.length, 3);
  }
});

test('a parent or reference that was altered is refused, and nothing is left behind', async () => {
  const parent = await sign({ title: 'the parent' });
  const bytes = await readFile(parent.path);
  const { start } = findBox(bytes, ['mdat']);
  bytes[start + 9] = (bytes[start + 9] ?? 0) ^ 1;
  await writeFile(parent.path, bytes);
  const out_path = join(await mkdtemp(join(folder, 'refused-')), 'out.mp4');
  const inputs: Partial<GenerationFacts>[] = [
    { origin: from('extended', parent.path) },
    { reference_image: { path: parent.path, mime_type: 'video/mp4', title: 'the parent' } },
  ];
  for (const change of inputs) {
    const facts = { ...TEST_FACTS, ...change };
    const signing = signAsset({ signer, source_path: sources[1] ?? '', mime_type: 'video/mp4', out_path, facts });
    await assert.rejects(
      signing,
      (error: Error) => error instanceof UntrustedError && /the parent, was altered after it was signed/.test(error.message),
    );
  }
  assert.deepEqual(await readdir(join(out_path, '..')), []);
});

test('of prompts a manifest has keyed hashes, or the text where the owner wants it, or nothing', async () => {
  const secret = 'a lighthouse in a storm';
  const hmac = 'ef'.repeat(32);
  const hashed = await sign({
    prompts: [
      { start_frame: 0, disclosed: 'hash', hmac },
      { start_frame: 16, disclosed: 'hash', hmac: '12'.repeat(32) },
    ],
  });
  assert.deepEqual(promptsOf(hashed.manifest), ['prompt', 'prompt from frame 16']);
  assert.ok(hashed.bytes.includes(`urn:everframe:prompt:hmac-sha256:${hmac}`));

  const told = await sign({ prompts: [{ start_frame: 0, disclosed: 'text', text: secret }] });
  assert.deepEqual(promptsOf(told.manifest), ['prompt']);
  assert.ok(told.bytes.includes(secret));
  assert.equal(told.store.validation_state, 'Trusted');

  const silent = await sign({ prompts: [] });
  assert.deepEqual(promptsOf(silent.manifest), []);
  assert.ok(!silent.bytes.includes('urn:everframe:prompt') && !silent.bytes.includes(secret) && !hashed.bytes.includes(secret));
});

/** In the library's own shape. */
type Report = ReturnType<typeof JSON.parse>;

interface Ingredient {
  readonly title: string;
  readonly relationship: string;
}

function from(kind: 'extended' | 'remixed' | 'edited', path: string, title = 'the parent'): Origin {
  return { kind, parent: { path, mime_type: 'video/mp4', title }, parent_made_by_model: true };
}

/** Signed, and as a reader that did not sign it sees it. */
async function sign(change: Partial<GenerationFacts>, source = 0) {
  const path = join(folder, `signed-${Math.random()}.mp4`);
  const facts = { ...TEST_FACTS, ...change };
  const source_path = sources[source] ?? '';
  const { manifest_label: label } = await signAsset({ signer, source_path, mime_type: 'video/mp4', out_path: path, facts });
  const bytes = await readFile(path);
  const store = await readFully(bytes, 'video/mp4', roots);
  assert.equal(store.validation_state, 'Trusted');
  return { path, label, bytes, store, manifest: store.manifests[label] };
}

function actionsOf(manifest: Report): Report {
  return manifest.assertions.find(({ label }: { label: string }) => label.startsWith('c2pa.actions')).data.actions;
}

function promptsOf({ ingredients }: { ingredients: Ingredient[] }): string[] {
  return ingredients.map(({ title }) => title).filter((title) => title.startsWith('prompt'));
}
