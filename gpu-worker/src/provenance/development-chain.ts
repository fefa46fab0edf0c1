/**
 * The development chain in its folder: made at the first start, read at every other, its signing certificate renewed
 * before it ends. The root's key is thrown away after use; the intermediate's stays, to renew with.
 */
import { createPrivateKey, type KeyObject, randomUUID, X509Certificate } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Credential, issueIntermediate, issueLeaf, issueRoot } from './certificates.ts';

export interface DevelopmentChain {
  /** The signing certificate, then the intermediate. */
  readonly certificate_chain_pem: string;
  /** The root. */
  readonly trust_anchors_pem: string;
  /** Of the signing certificate. */
  readonly valid_until: Date;
  readonly private_key: KeyObject;
}

/**
 * Processes that start at once get the same chain: each makes one aside and tries to move it into place, where only
 * the first succeeds.
 * @throws Error naming the file that is missing or broken
 */
export async function openDevelopmentChain(dir: string, now = new Date()): Promise<DevelopmentChain> {
  const folder = join(dir, CHAIN_FOLDER);
  if (!(await exists(folder))) await makeChain(dir, folder, now);
  const chain = await readChain(folder);
  const days_left = (chain.leaf.validToDate.getTime() - now.getTime()) / DAY_MS;
  if (days_left >= RENEW_BEFORE_DAYS) return chain;
  await renewLeaf(folder, now);
  return readChain(folder);
}

/** Where the root certificate lies: what a verifier needs to trust this chain. */
export function rootCertificatePath(dir: string): string {
  return join(dir, CHAIN_FOLDER, FILES.root);
}

async function makeChain(dir: string, folder: string, now: Date): Promise<void> {
  await mkdir(dir, { recursive: true });
  const aside = await mkdtemp(join(dir, '.new-chain-'));
  try {
    const root = await issueRoot(now);
    const intermediate = await issueIntermediate(root, now);
    await writeFile(join(aside, FILES.root), root.certificate);
    await writeCredential(join(aside, FILES.intermediate), intermediate);
    await writeCredential(join(aside, FILES.leaf), await issueLeaf(intermediate, now));
    await rename(aside, folder);
  } catch (error) {
    // Another process was first: its chain is the one.
    if (!(await exists(folder))) throw error;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** Key and certificate are one file, so that a renewal replaces both or neither. */
async function renewLeaf(folder: string, now: Date): Promise<void> {
  const path = join(folder, FILES.intermediate);
  const intermediate = await readPem(path, (pem) => ({ certificate: `${new X509Certificate(pem)}`, private_key: privateKeyPem(pem) }));
  const aside = join(folder, `.new-${randomUUID()}`);
  await writeCredential(aside, await issueLeaf(intermediate, now));
  await rename(aside, join(folder, FILES.leaf));
}

async function writeCredential(path: string, { certificate, private_key }: Credential): Promise<void> {
  await writeFile(path, certificate + private_key, { mode: 0o600, flag: 'wx' });
}

async function readChain(folder: string): Promise<DevelopmentChain & { readonly leaf: X509Certificate }> {
  const root = await readPem(join(folder, FILES.root), (pem) => new X509Certificate(pem));
  const intermediate = await readPem(join(folder, FILES.intermediate), (pem) => issuedBy(root, new X509Certificate(pem)));
  return readPem(join(folder, FILES.leaf), (pem) => {
    const leaf = issuedBy(intermediate, new X509Certificate(pem));
    const private_key = createPrivateKey(privateKeyPem(pem));
    if (!leaf.checkPrivateKey(private_key)) throw new Error('its key is not the one of its certificate');
    return {
      leaf,
      private_key,
      valid_until: leaf.validToDate,
      certificate_chain_pem: `${leaf}${intermediate}`,
      trust_anchors_pem: `${root}`,
    };
  });
}

async function readPem<T>(path: string, parse: (pem: string) => T): Promise<T> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new Error(
      `the signing chain's file ${path} can't be used: ${reason}. ` +
        'Restore it, or remove its folder to have a new chain made; what the old one signed is then no longer trusted here.',
      { cause },
    );
  }
}

function issuedBy(issuer: X509Certificate, certificate: X509Certificate): X509Certificate {
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
    throw new Error('it was not issued by the certificate above it');
  }
  return certificate;
}

function privateKeyPem(pem: string): string {
  const [key] = /-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----/.exec(pem) ?? [];
  if (!key) throw new Error('it has no private key');
  return key;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

const CHAIN_FOLDER = 'development-chain';
const FILES = { root: 'root.pem', intermediate: 'intermediate.pem', leaf: 'signer.pem' } as const;
const RENEW_BEFORE_DAYS = 60;
const DAY_MS = 86_400_000;
