/** Bytes that no signature covers: whether a file is byte for byte the one that was published, by the service's signed word. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, verify as verifySignature, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Harness, startHarness } from './harness.ts';
import { makeFile, sign } from './signed-file.ts';

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const FREE = Buffer.from([0, 0, 0, 12, ...Buffer.from('freemore')]);

let harness: Harness;
let id: string;
let ours: Buffer;
before(async () => {
  harness = await startHarness({ edge_vars: { INVISIBLE_MARK: 'off' } });
  ({ id } = await harness.client.videos.create({ prompt: 'a red ball', seconds: '4' }));
  await harness.finished(id);
  ours = await harness.download(id);
});
after(async () => harness?.stop());

async function get<Answer>(path: string): Promise<Answer> {
  const response = await fetch(`${harness.stack.url}${path}`, { headers: { authorization: `Bearer ${harness.stack.api_key}` } });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Answer;
}

/** The edge's report, and what the command says and ends with. */
async function check(bytes: Buffer) {
  const response = await fetch(`${harness.stack.url}/v1/verify`, {
    method: 'POST',
    body: new Uint8Array(bytes),
    // Visitors without a key may check few files a minute.
    headers: { authorization: `Bearer ${harness.stack.api_key}` },
  });
  const report = (await response.json()) as {
    verdict: string;
    manifest_label: string | null;
    published: string | null;
    warnings: string[];
  };
  const path = await harness.save(bytes);
  const args = [MAIN, 'verify', '--data-dir', harness.stack.data_dir, '--service', harness.stack.url];
  const run = (more: readonly string[]) =>
    new Promise<{ code: number; out: string }>((resolve) =>
      execFile(process.execPath, [...args, ...more, path], (error, out) => resolve({ code: error ? Number(error.code) : 0, out })),
    );
  return { ...report, command: await run([]), json: JSON.parse((await run(['--json'])).out) };
}

it('the record of a published file is signed under the root of its manifest, and names its bytes', async () => {
  const { publication, sha256, report } = await get<{ publication: string; sha256: string; report: { manifest_label: string } }>(
    `/v1/videos/${id}/provenance`,
  );
  // By RFC 7515 and Node alone, without a line of ours.
  const [header = '', payload = '', signature = ''] = publication.split('.');
  const { alg, x5c } = JSON.parse(Buffer.from(header, 'base64url').toString());
  const [leaf, issuer] = x5c.map((der: string) => new X509Certificate(Buffer.from(der, 'base64')));
  const root = new X509Certificate(await harness.trustAnchors());
  assert.equal(alg, 'ES256');
  assert.ok(leaf.verify(issuer.publicKey) && issuer.verify(root.publicKey));
  const key = { key: leaf.publicKey, dsaEncoding: 'ieee-p1363' } as const;
  assert.ok(verifySignature('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')));
  const facts = JSON.parse(Buffer.from(payload, 'base64url').toString());
  assert.deepEqual([facts.video_id, facts.sha256, facts.bytes, facts.manifest_id], [id, sha256, ours.length, report.manifest_label]);
  assert.equal(sha256, createHash('sha256').update(ours).digest('hex'));
  const { data } = await get<{ data: { record: string }[] }>(`/v1/publications/${report.manifest_label}`);
  assert.deepEqual(
    data.map(({ record }) => record),
    [publication],
  );
});

it('a file as it was published is told so', async () => {
  const { verdict, published, warnings, command, json } = await check(ours);
  assert.deepEqual([verdict, published, warnings, json.published], ['ours', 'same', [], 'same']);
  assert.equal(command.code, 0);
  assert.match(command.out, /^Byte for byte as it was published\.$/m);
});

it('bytes that the signature leaves out are named when they were changed: a box that was added, a brand that was exchanged', async () => {
  const brand = Buffer.from(ours);
  brand[brand.indexOf('ftyp') + 12] = 0x7a;
  for (const [bytes, words] of [
    [Buffer.concat([ours, FREE]), /Not byte for byte as it was published: .* It has 12 bytes more\./],
    [brand, /Not byte for byte as it was published: [^.]*\.$/m],
  ] as const) {
    const { verdict, published, warnings, command, json } = await check(bytes);
    assert.deepEqual([verdict, published, json.published], ['ours', 'other', 'other']);
    assert.match(warnings.join(' '), words);
    assert.match(command.out, words);
  }
});

it("other pictures, signed by a stranger under our manifest's name, are not said to differ in bytes without meaning alone", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'everframe-stranger-'));
  try {
    const { report } = await get<{ report: { manifest_label: string } }>(`/v1/videos/${id}/provenance`);
    const [source, path] = [join(folder, 'source.mp4'), join(folder, 'signed.mp4')];
    await makeFile(source, 'video/mp4');
    const { manifest_label: label } = report;
    await sign(source, path, 'video/mp4', { signer_dir: join(folder, 'keys'), title: id, label });
    const { verdict, manifest_label, published, warnings, command, json } = await check(await readFile(path));
    assert.deepEqual([verdict, manifest_label, published, warnings], ['unknown_signer', label, null, []]);
    assert.equal(command.code, 5);
    assert.doesNotMatch(command.out, /byte for byte|never picture/);
    assert.equal(json.published, undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('a picture that was changed is altered, and no word is lost on the rest', async () => {
  const altered = Buffer.from(ours);
  altered[altered.length - 40] = (altered.at(-40) ?? 0) ^ 1;
  const { verdict, published, command } = await check(altered);
  assert.deepEqual([verdict, published, command.code], ['altered', null, 3]);
});
