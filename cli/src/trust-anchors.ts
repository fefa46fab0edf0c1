/** Which root certificates are trusted: a file that was named, or that of the local signer. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Failure } from './failure.ts';
import { signerDirOf } from './stack/data-dir.ts';

/** @throws Failure where the file is missing or holds no certificate */
export function readTrustAnchors(path: string): string {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Failure(`The trusted root ${path} cannot be read.`, { cause });
  }
  try {
    new X509Certificate(pem);
  } catch (cause) {
    throw new Failure(`${path} holds no certificate in PEM form, so no signer can be trusted by it.`, { cause });
  }
  return pem;
}

/** The local signer's root, or undefined before its first video. */
export async function readLocalTrustAnchors(data_dir: string): Promise<string | undefined> {
  // Brings a library for certificates that a file with its own root does without.
  const { rootCertificatePath } = await import('@everframe/gpu-worker/development-chain');
  const path = rootCertificatePath(signerDirOf(data_dir));
  return existsSync(path) ? readTrustAnchors(path) : undefined;
}
