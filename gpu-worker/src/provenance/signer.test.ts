import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign, verify, webcrypto, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type CertificateRequest, type Credential, issueCertificate, issueIntermediate, issueLeaf, issueRoot } from './certificates.ts';
import { toP1363 } from './kms-signer.ts';
import { openSigner } from './open-signer.ts';
import { readManifest } from './read-manifest.ts';
import { signAsset } from './sign-asset.ts';
import { readSignerConfig, type SignerConfig } from './signer-config.ts';
import { makeTestVideo, TEST_FACTS } from './test-asset.ts';
import { startTestKms } from './test-kms-server.ts';
import { readIndependently } from './test-reader.ts';

process.env.AWS_ACCESS_KEY_ID ??= 'test';
process.env.AWS_SECRET_ACCESS_KEY ??= 'test';

const folder = await mkdtemp(join(tmpdir(), 'everframe-signer-'));
after(() => rm(folder, { recursive: true }));

const now = new Date();
const root = await issueRoot(now);
const intermediate = await issueIntermediate(root, now);
const leaf = await issueLeaf(intermediate, now);
const kms = await startTestKms();
after(() => kms.close());
const CLAIM = Buffer.from('a claim');

test('a PKCS#8 key and its certificates sign what its certificate verifies', async () => {
  const signer = await openSigner(await pkcs8());
  assertSigns(await signer.sign(CLAIM), new X509Certificate(leaf.certificate).publicKey);
  assert.equal(signer.certificate_chain_pem, leaf.certificate + intermediate.certificate);
  assert.equal(signer.trust_anchors_pem, root.certificate);
  assert.ok(signer.valid_until.getTime() > now.getTime() + 364 * 86_400_000);
});

test('a key in KMS signs what the certificate of its public half verifies, and only digests are sent to it', async () => {
  const signer = await openSigner(await inKms());
  kms.calls.length = 0;
  assertSigns(await signer.sign(CLAIM), kms.public_key);
  assert.deepEqual(kms.calls, ['Sign']);
  assertSigns(await signer.sign(Buffer.alloc(5000, 1)), kms.public_key, Buffer.alloc(5000, 1));
});

test('a video signed with a key in KMS, or in a file, is trusted by two readers; KMS is asked once', async () => {
  const source_path = await makeTestVideo(folder);
  for (const config of [await inKms(), await pkcs8()]) {
    const signer = await openSigner(config);
    kms.calls.length = 0;
    const out_path = join(folder, `${config.kind}.mp4`);
    await signAsset({ signer, source_path, mime_type: 'video/mp4', out_path, facts: TEST_FACTS });
    assert.deepEqual(kms.calls, config.kind === 'kms' ? ['Sign'] : []);
    assert.equal((await readManifest(out_path, 'video/mp4', root.certificate)).state, 'trusted');
    assert.equal(await readIndependently(await readFile(out_path), 'video/mp4', root.certificate), 'Trusted');
  }
});

const no_openssl = spawnSync('openssl', ['version']).status !== 0 && 'there is no openssl here';

test('a chain that was made as the documentation says signs what two readers trust', { skip: no_openssl }, async () => {
  const documentation = await readFile(new URL('../../../docs/signing.md', import.meta.url), 'utf8');
  const script = /```sh\n(openssl req -x509.+?)```/s.exec(documentation)?.[1] ?? assert.fail('docs/signing.md has no script for a chain');
  const home = await mkdtemp(join(folder, 'own-'));
  const inHome = (name: string) => join(home, name);
  execFileSync('sh', ['-ec', script], { cwd: home, stdio: ['ignore', 'ignore', 'pipe'] });
  const signer = await openSigner({
    kind: 'pkcs8',
    key_path: inHome('signer.key'),
    certificates_path: inHome('signer.pem'),
    trust_anchors_path: inHome('root.pem'),
  });
  const out_path = inHome('own.mp4');
  await signAsset({ signer, source_path: await makeTestVideo(home), mime_type: 'video/mp4', out_path, facts: TEST_FACTS });
  const own_root = await readFile(inHome('root.pem'), 'utf8');
  assert.equal((await readManifest(out_path, 'video/mp4', own_root)).state, 'trusted');
  assert.equal(await readIndependently(await readFile(out_path), 'video/mp4', own_root), 'Trusted');
});

test('KMS is asked again where that can help, and named where it cannot', async () => {
  const signer = await openSigner(await inKms());
  kms.failures.push({ status: 500, type: 'KMSInternalException', message: 'try again' });
  assertSigns(await signer.sign(CLAIM), kms.public_key);
  kms.failures.push({ status: 400, type: 'AccessDeniedException', message: 'not authorized to perform kms:Sign' });
  await assert.rejects(
    signer.sign(CLAIM),
    /did not serve kms:Sign on arn:.*: AccessDeniedException: not authorized .*must be allowed kms:Sign on it/,
  );
});

test('a key in KMS that cannot sign for the certificate stops the start', async () => {
  const [mine, other] = [await inKms(), await pkcs8()];
  const { certificates_path } = other;
  await assert.rejects(openSigner({ ...mine, certificates_path }), /which is not the key of the signing certificate in .*chain.*pem/);
  await assert.rejects(openSigner({ ...mine, key_id: 'alias/none' }), /did not serve kms:GetPublicKey on alias\/none: NotFoundException/);
  const rsa = await startTestKms('RSA_2048');
  try {
    await assert.rejects(openSigner({ ...mine, endpoint: rsa.endpoint }), /a key of the type RSA_2048 .*must be ECC_NIST_P256/);
  } finally {
    await rsa.close();
  }
});

test('DER signatures of every length become r and s of 32 bytes', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const lengths = new Set<number>();
  for (let index = 0; index < 300 || Math.min(...lengths) > 69; index++) {
    const claim = Buffer.from(`claim ${index}`);
    const der = sign('sha256', claim, privateKey);
    lengths.add(der.length);
    assertSigns(toP1363(der), publicKey, claim);
  }
  // 72 has both halves padded, 70 neither; what is shorter has a half that begins with a zero byte.
  assert.equal(Math.max(...lengths), 72);
  for (const der of ['', '00', '3000', '3003020101', '3006020101040101']) assert.throws(() => toP1363(Buffer.from(der, 'hex')), Error, der);
});

test('certificates that no reader would accept are refused at start: file, fault and remedy are named', async () => {
  const issued = (change: Partial<CertificateRequest>) =>
    issueCertificate({ name: 'signer', now, days: 30, issuer: intermediate, ...change });
  const rsa = await webcrypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
    true,
    ['sign', 'verify'],
  );
  const past = new Date(now.getTime() - 40 * 86_400_000);
  const cases: [credential: Credential, message: RegExp][] = [
    [await issued({ now: past }), /the certificate of 'signer' is valid from .* to .*, and it is/],
    [await issued({ now: new Date(now.getTime() + 86_400_000) }), /is valid from/],
    [
      await issued({ purposes: ['1.3.6.1.5.5.7.3.1'] }),
      /has the purposes 1\.3\.6\.1\.5\.5\.7\.3\.1, and must have one of 1\.3\.6\.1\.4\.1\.62558\.2\.1/,
    ],
    [await issued({ usage: 32 }), /lacks the key usage digitalSignature/],
    [await issued({ keys: rsa }), /has a key of the type rsa, and must have one on P-256/],
    [intermediate, /is an authority's certificate, and comes first/],
    [await issueCertificate({ name: 'signer', now, days: 30 }), /was not issued by the certificate after it/],
  ];
  for (const [credential, message] of cases) {
    const config = await pkcs8({ leaf: credential });
    const error = await rejection(openSigner(config));
    assert.match(error.message, message);
    assert.ok(
      error.message.startsWith(`EVERFRAME_SIGNER_CERTIFICATES is ${config.certificates_path}, which can't be used: `),
      error.message,
    );
    assert.match(error.message, /Give the PEM chain that the certificate authority sent/);
  }
});

test('a chain that leads to another root, or files that hold no certificates, are refused', async () => {
  const config = await pkcs8();
  const other = await file(`other-root.pem`, (await issueRoot(now)).certificate);
  await assert.rejects(
    openSigner({ ...config, trust_anchors_path: other }),
    /intermediate' was not issued by a root of EVERFRAME_SIGNER_ROOTS/,
  );
  const empty = await file('empty.pem', 'nothing');
  await assert.rejects(
    openSigner({ ...config, trust_anchors_path: empty }),
    /EVERFRAME_SIGNER_ROOTS is .*empty\.pem, .*no certificate in PEM form\. Give the root/,
  );
  await assert.rejects(
    openSigner({ ...config, certificates_path: join(folder, 'nowhere.pem') }),
    /EVERFRAME_SIGNER_CERTIFICATES is .*ENOENT/,
  );
});

test('a key file that is not the right one is refused', async () => {
  const config = await pkcs8();
  const key = createPrivateKey(leaf.private_key);
  const cases: [string, RegExp][] = [
    [intermediate.private_key, /its key is not the one of the signing certificate/],
    [key.export({ type: 'sec1', format: 'pem' }).toString(), /no unencrypted PKCS#8 key/],
    [key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(), /no unencrypted PKCS#8 key/],
  ];
  for (const [pem, message] of cases) {
    const key_path = await file(`key-${Math.random()}.pem`, pem);
    const error = await rejection(openSigner({ ...config, key_path }));
    assert.match(error.message, message);
    assert.match(error.message, /^EVERFRAME_SIGNER_KEY is .*Give the key that the certificate was requested with/);
    assert.ok(!error.message.includes('BEGIN'), 'no key in the message');
  }
});

test('each variable that a kind of signer needs is named, with what it must be', () => {
  const faults = (environment: NodeJS.ProcessEnv) => {
    const read = readSignerConfig(environment);
    return 'faults' in read ? read.faults : [];
  };
  assert.deepEqual(faults({ EVERFRAME_SIGNER: 'vault' }), ["EVERFRAME_SIGNER is 'vault'; it must be one of development, pkcs8, kms"]);
  assert.match(faults({})[0] ?? '', /^EVERFRAME_SIGNER_DIR is not set; with EVERFRAME_SIGNER=development it must be a folder/);
  const names = (kind: string) => faults({ EVERFRAME_SIGNER: kind }).map((fault) => fault.split(' ')[0]);
  assert.deepEqual(names('pkcs8'), ['EVERFRAME_SIGNER_CERTIFICATES', 'EVERFRAME_SIGNER_ROOTS', 'EVERFRAME_SIGNER_KEY']);
  assert.deepEqual(names('kms'), ['EVERFRAME_SIGNER_CERTIFICATES', 'EVERFRAME_SIGNER_ROOTS', 'EVERFRAME_SIGNER_KMS_KEY']);
});

test('a key in KMS is used in the region that its ARN names', () => {
  const environment = { EVERFRAME_SIGNER: 'kms', EVERFRAME_SIGNER_CERTIFICATES: 'c', EVERFRAME_SIGNER_ROOTS: 'r', AWS_REGION: 'us-east-1' };
  const regionOf = (key: string) => {
    const read = readSignerConfig({ ...environment, EVERFRAME_SIGNER_KMS_KEY: key });
    return 'region' in read ? read.region : undefined;
  };
  assert.equal(regionOf(kms.key_id), 'eu-central-1');
  assert.equal(regionOf('alias/everframe'), 'us-east-1');
});

function assertSigns(signature: Uint8Array, key: KeyObject, bytes = CLAIM): void {
  assert.equal(signature.length, 64);
  assert.ok(verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, signature));
}

async function pkcs8(change: { leaf?: Credential } = {}): Promise<Extract<SignerConfig, { kind: 'pkcs8' }>> {
  const { certificate, private_key } = change.leaf ?? leaf;
  return {
    kind: 'pkcs8',
    key_path: await file(`key-${Math.random()}.pem`, private_key),
    certificates_path: await file(`chain-${Math.random()}.pem`, certificate + intermediate.certificate),
    trust_anchors_path: await file('root.pem', root.certificate),
  };
}

async function inKms(): Promise<Extract<SignerConfig, { kind: 'kms' }>> {
  const spki = kms.public_key.export({ type: 'spki', format: 'der' });
  const publicKey = await webcrypto.subtle.importKey('spki', spki, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify']);
  // The issuer needs the public half only; the private half given here signs nothing and is thrown away.
  const { privateKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const { certificate } = await issueCertificate({
    name: 'signer in KMS',
    now,
    days: 30,
    issuer: intermediate,
    keys: { publicKey, privateKey },
  });
  return {
    kind: 'kms',
    key_id: kms.key_id,
    region: 'eu-central-1',
    endpoint: kms.endpoint,
    certificates_path: await file(`kms-chain-${Math.random()}.pem`, certificate + intermediate.certificate),
    trust_anchors_path: await file('root.pem', root.certificate),
  };
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function rejection(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error, 'it must be refused');
  return error;
}
