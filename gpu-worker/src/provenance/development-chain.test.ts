import assert from 'node:assert/strict';
import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openDevelopmentChain, rootCertificatePath } from './development-chain.ts';
import { openDevelopmentSigner } from './development-signer.ts';

const folder = await mkdtemp(join(tmpdir(), 'everframe-chain-'));
after(() => rm(folder, { recursive: true }));

const newDir = () => mkdtemp(join(folder, 'keys-'));

test('each certificate is issued by the one above it, and all names say what they are for', async () => {
  const { certificate_chain_pem, trust_anchors_pem } = await openDevelopmentChain(await newDir());
  const [leaf, intermediate] = certificates(certificate_chain_pem);
  const [root] = certificates(trust_anchors_pem);
  assert.ok(leaf && intermediate && root);
  assert.ok(leaf.verify(intermediate.publicKey) && intermediate.verify(root.publicKey) && root.verify(root.publicKey));
  assert.deepEqual([leaf.ca, intermediate.ca, root.ca], [false, true, true]);
  for (const { subject } of [leaf, intermediate, root]) assert.match(subject, /O=Everframe development\nCN=Everframe development/);
});

test('the signing certificate has the purposes of the C2PA profile and lives no longer than it allows', async () => {
  const { certificate_chain_pem } = await openDevelopmentChain(await newDir());
  const [leaf] = certificates(certificate_chain_pem);
  assert.ok(leaf);
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.4.1.62558.2.1', '1.3.6.1.5.5.7.3.36']);
  assert.ok(leaf.validToDate.getTime() - leaf.validFromDate.getTime() <= 366 * 86_400_000);
});

test('only their owner can read files with private keys', async () => {
  const dir = await newDir();
  await openDevelopmentChain(dir);
  const chain = join(dir, 'development-chain');
  assert.deepEqual((await readdir(chain)).sort(), ['intermediate.pem', 'root.pem', 'signer.pem']);
  for (const file of await readdir(chain)) {
    const holdsKey = (await readFile(join(chain, file), 'utf8')).includes('PRIVATE KEY');
    assert.equal(holdsKey, file !== 'root.pem');
    if (holdsKey) assert.equal((await stat(join(chain, file))).mode & 0o777, 0o600, file);
  }
});

test('the next start reads the same chain', async () => {
  const dir = await newDir();
  const { certificate_chain_pem, trust_anchors_pem } = await openDevelopmentChain(dir);
  assert.equal((await openDevelopmentChain(dir)).certificate_chain_pem, certificate_chain_pem);
  assert.equal(await readFile(rootCertificatePath(dir), 'utf8'), trust_anchors_pem);
});

test('processes that start at once on an empty folder agree, and leave nothing lying about', async () => {
  const dir = await newDir();
  const signers = await Promise.all([1, 2, 3, 4].map(() => openDevelopmentSigner(dir)));
  assert.equal(new Set(signers.map(({ certificate_chain_pem }) => certificate_chain_pem)).size, 1);
  assert.equal(new Set(signers.map(({ trust_anchors_pem }) => trust_anchors_pem)).size, 1);
  assert.deepEqual(await readdir(dir), ['development-chain']);
  const [leaf] = certificates(signers[0]?.certificate_chain_pem ?? '');
  const claim = Buffer.from('claim');
  for (const signer of signers) {
    const key = createPublicKey(leaf?.toString() ?? '');
    assert.ok(verify('sha256', claim, { key, dsaEncoding: 'ieee-p1363' }, await signer.sign(claim)));
  }
});

test('a signing certificate near its end is renewed under the same root', async () => {
  const dir = await newDir();
  const before = await openDevelopmentChain(dir);
  const in_320_days = new Date(Date.now() + 320 * 86_400_000);
  const later = await openDevelopmentChain(dir, in_320_days);
  assert.equal(later.trust_anchors_pem, before.trust_anchors_pem);
  assert.notEqual(later.certificate_chain_pem, before.certificate_chain_pem);
  const [leaf] = certificates(later.certificate_chain_pem);
  assert.ok(leaf && leaf.validToDate > new Date(in_320_days.getTime() + 300 * 86_400_000));
  assert.equal((await openDevelopmentChain(dir, in_320_days)).certificate_chain_pem, later.certificate_chain_pem);
});

test('a missing, damaged or foreign file is named', async () => {
  const [first, second] = [await newDir(), await newDir()];
  await openDevelopmentChain(first);
  await openDevelopmentChain(second);
  const file = (dir: string, name: string) => join(dir, 'development-chain', name);
  const whole = await readFile(file(first, 'signer.pem'), 'utf8');

  await writeFile(file(first, 'signer.pem'), whole.slice(0, 200));
  await assert.rejects(openDevelopmentChain(first), /signer\.pem can't be used/);
  await writeFile(file(first, 'signer.pem'), await readFile(file(second, 'signer.pem')));
  await assert.rejects(openDevelopmentChain(first), /signer\.pem can't be used: it was not issued by the certificate above it/);
  await writeFile(file(first, 'signer.pem'), whole.replace(/-----BEGIN PRIVATE.*/s, ''));
  await assert.rejects(openDevelopmentChain(first), /signer\.pem can't be used: it has no private key/);
  await rm(file(first, 'root.pem'));
  await assert.rejects(openDevelopmentChain(first), /root\.pem can't be used: ENOENT/);
});

test('a folder that cannot be made is an error that names it', async () => {
  const path = join(await newDir(), 'file');
  await writeFile(path, '');
  await assert.rejects(openDevelopmentChain(join(path, 'keys')), new RegExp(`${path}/keys`));
});

function certificates(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map((one) => new X509Certificate(one));
}
