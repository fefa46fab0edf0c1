/**
 * Which root certificates are trusted: files that were named, and the local signer's own. The root of a development chain,
 * which anyone with a checkout can make, is refused in production (NODE_ENV=production).
 */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Failure } from './failure.ts';
import { signerDirOf } from './stack/data-dir.ts';

/** What every certificate of a development chain carries in its subject. */
const DEVELOPMENT_NAME = /^O=Everframe development$/m;

/** @throws Failure where the file is missing, holds no certificate, or in production holds a development root */
export function readTrustAnchors(path: string): string {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Failure(`The trusted root ${path} cannot be read.`, { cause });
  }
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  let certificates: X509Certificate[];
  try {
    certificates = blocks.map((block) => new X509Certificate(block));
    if (certificates.length === 0) throw new Error('no BEGIN CERTIFICATE');
  } catch (cause) {
    throw new Failure(`${path} holds no certificate in PEM form, so no signer can be trusted by it.`, { cause });
  }
  if (inProduction() && certificates.some(({ subject }) => DEVELOPMENT_NAME.test(subject))) {
    throw new Failure(`${path} holds the root of a development chain, which is not trusted with NODE_ENV=production.`);
  }
  return pem;
}

/** The local signer's root, or undefined before its first video and in production. */
export async function readLocalTrustAnchors(data_dir: string): Promise<string | undefined> {
  if (inProduction()) return undefined;
  // Brings a library for certificates that a file with its own root does without.
  const { rootCertificatePath } = await import('@everframe/gpu-worker/development-chain');
  const path = rootCertificatePath(signerDirOf(data_dir));
  return existsSync(path) ? readTrustAnchors(path) : undefined;
}

function inProduction(): boolean {
  return process.env.NODE_ENV === 'production';
}
