/** Who made a file, asked of the service: signed here, by strangers, altered in each box, stripped, and made from altered ones. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import type { VerificationReport } from '@everframe/shared/verification';
import { type Harness, startHarness } from './harness.ts';
import { makeFile, sign, strip } from './signed-file.ts';

let harness: Harness;
let folder: string;
const at = (name: string) => join(folder, name);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everframe-verification-'));
  harness = await startHarness({ workers: 0 });
  const here = { signer_dir: join(harness.stack.data_dir, 'signer') };
  await makeFile(at('plain.mp4'), 'video/mp4');
  await makeFile(at('plain.jpg'), 'image/jpeg');
  await sign(at('plain.mp4'), at('ours.mp4'), 'video/mp4', { ...here, title: 'A red ball', thumbnail: at('plain.jpg') });
  await sign(at('plain.jpg'), at('ours.jpg'), 'image/jpeg', { ...here, title: 'A red ball, still' });
  await sign(at('plain.mp4'), at('edit.mp4'), 'video/mp4', { ...here, title: 'A blue ball', parent: at('ours.mp4') });
  await sign(at('plain.mp4'), at('second-edit.mp4'), 'video/mp4', { ...here, title: 'A green ball', parent: at('edit.mp4') });
  await sign(at('plain.mp4'), at('foreign.mp4'), 'video/mp4', { signer_dir: at('stranger'), title: 'Everframe official' });
  await flipIn('mdat', 'ours.mp4', 'altered.mp4');
  await sign(at('plain.mp4'), at('edit-of-altered.mp4'), 'video/mp4', { ...here, title: 'Innocent', parent: at('altered.mp4') });
  await strip(at('ours.mp4'), at('stripped.mp4'));
});
after(async () => {
  await harness?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A copy with one letter of its credential changed. */
async function flipText(text: string, source: string, target: string): Promise<void> {
  const bytes = await readFile(at(source));
  const offset = bytes.indexOf(text);
  assert.ok(offset >= 0, `${source} has no ${text}`);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  await writeFile(at(target), bytes);
}

/** A copy with the lowest bit of one byte flipped, in the middle of the first box of that kind. */
async function flipIn(box: string, source: string, target: string): Promise<void> {
  const bytes = await readFile(at(source));
  let offset = 0;
  while (bytes.toString('latin1', offset + 4, offset + 8) !== box) offset += bytes.readUInt32BE(offset);
  const middle = offset + (bytes.readUInt32BE(offset) >> 1);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(at(target), bytes);
}

async function verify(name: string): Promise<VerificationReport> {
  return post(await readFile(at(name)), 'application/octet-stream');
}

async function post(body: string | Uint8Array<ArrayBuffer>, content_type: string): Promise<VerificationReport> {
  // With the key, so that the bound for visitors does not end the test.
  const headers = { 'content-type': content_type, authorization: `Bearer ${harness.stack.api_key}` };
  const response = await fetch(`${harness.stack.url}/v1/verify`, { method: 'POST', headers, body });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as VerificationReport;
}

it('a file signed here is ours, with signer, model, actions, thumbnail and every status code', async () => {
  const report = await verify('ours.mp4');
  assert.equal(report.verdict, 'ours', JSON.stringify(report.status.filter(({ outcome }) => outcome === 'failure')));
  assert.equal(report.validation_state, 'trusted');
  assert.equal(report.signer?.trust, 'own');
  assert.ok(report.signer?.name);
  assert.equal(report.title, 'A red ball');
  assert.equal(report.generator, 'Everframe 0.1.0');
  assert.equal(report.ai_generated, true);
  assert.equal(report.model, 'toybox-1');
  assert.equal(report.created_at, '2026-11-01T12:00:00Z');
  assert.deepEqual(
    report.actions.map(({ action, parameters }) => [action, parameters['org.everframe.seed']]),
    [['c2pa.created', 7]],
  );
  assert.match(report.lineage?.thumbnail ?? '', /^data:image\/jpeg;base64,\/9j\//);
  const codes = report.status.map(({ outcome, code }) => `${outcome} ${code}`);
  for (const code of ['success signingCredential.trusted', 'success assertion.bmffHash.match', 'success claimSignature.validated']) {
    assert.ok(codes.includes(code), `${code} is missing of ${codes.join(', ')}`);
  }
});

it("OpenAI's SDK detects what was signed here, and only that", async () => {
  const check = async (name: string) => {
    const file = new File([await readFile(at(name))], name, { type: 'video/mp4' });
    const { results } = await harness.client.contentProvenanceChecks.create({ file });
    return results[0];
  };
  const ours = await check('ours.mp4');
  assert.ok(ours?.type === 'c2pa');
  assert.deepEqual(
    { ...ours, issuer: null },
    {
      type: 'c2pa',
      outcome: 'detected',
      validation_state: 'trusted',
      issuer: null,
      model: 'toybox-1',
      generated_at: '2026-11-01T12:00:00Z',
    },
  );
  assert.ok(ours.issuer);
  const outcomes = [];
  for (const name of ['ours.jpg', 'foreign.mp4', 'altered.mp4', 'stripped.mp4']) {
    const result = await check(name);
    assert.ok(result?.type === 'c2pa');
    outcomes.push([name, result.outcome, result.validation_state]);
  }
  assert.deepEqual(outcomes, [
    ['ours.jpg', 'detected', 'trusted'],
    ['foreign.mp4', 'not_detected', 'valid'],
    ['altered.mp4', 'not_detected', 'invalid'],
    ['stripped.mp4', 'not_detected', 'not_present'],
  ]);
});

it("a stranger's chain of the very same name is not ours", async () => {
  const report = await verify('foreign.mp4');
  assert.equal(report.verdict, 'unknown_signer');
  assert.equal(report.signer?.trust, 'unknown');
  assert.match(report.summary, /nobody here vouches/);
});

it('a flipped bit is called altered, in the picture, its index or its credential', async () => {
  const changes = { picture: flipIn('mdat', 'ours.mp4', 'picture.mp4'), index: flipIn('moov', 'ours.mp4', 'index.mp4') };
  const claims = { claim: flipText('A red ball', 'ours.mp4', 'claim.mp4'), assertion: flipText('toybox-1', 'ours.mp4', 'assertion.mp4') };
  for (const [place, done] of Object.entries({ ...changes, ...claims })) {
    await done;
    const { verdict, validation_state } = await verify(`${place}.mp4`);
    assert.deepEqual([place, verdict, validation_state], [place, 'altered', 'invalid']);
  }
});

it('a file cut short, or with more behind its end, is never ours', async () => {
  const bytes = await readFile(at('ours.mp4'));
  const appended = Buffer.concat([bytes, Buffer.from([0, 0, 0, 16]), Buffer.from('mdat'), Buffer.alloc(8)]);
  for (const changed of [bytes.subarray(0, bytes.length - 100), appended]) {
    const { verdict } = await post(new Uint8Array(changed), 'video/mp4');
    assert.ok(verdict === 'altered' || verdict === 'unreadable', verdict);
  }
});

it('a re-packed file has no credential', async () => {
  assert.equal((await verify('stripped.mp4')).verdict, 'no_credential');
});

it('three generations are told, the oldest last', async () => {
  const { lineage } = await verify('second-edit.mp4');
  const [edit] = lineage?.ingredients ?? [];
  const [first] = edit?.ingredients ?? [];
  assert.deepEqual(
    [lineage, edit, first].map((node) => [node?.title, node?.relationship, node?.failures]),
    [
      ['A green ball', null, []],
      ['A blue ball', 'parentOf', []],
      ['A red ball', 'parentOf', []],
    ],
  );
  assert.deepEqual(first?.actions, ['c2pa.created']);
});

it('an altered parent is told, though the reader calls its child sound', async () => {
  const report = await verify('edit-of-altered.mp4');
  assert.equal(report.verdict, 'ours');
  assert.match(report.warnings.join(), /assertion\.bmffHash\.mismatch/);
  assert.match(report.lineage?.ingredients[0]?.failures.join() ?? '', /assertion\.bmffHash\.mismatch/);
});

it('a link is checked like a file', async () => {
  const bytes = await readFile(at('ours.mp4'));
  const server = createServer((_, response) => response.end(bytes)).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    assert.equal((await post(JSON.stringify({ url }), 'application/json')).verdict, 'ours');
  } finally {
    server.close();
  }
});

it('the roots by which it judges are public', async () => {
  const response = await fetch(`${harness.stack.url}/v1/verify/trust`);
  const { own_roots_pem } = (await response.json()) as { own_roots_pem: string };
  assert.equal(own_roots_pem, await readFile(harness.stack.root_certificate_path, 'utf8'));
});
