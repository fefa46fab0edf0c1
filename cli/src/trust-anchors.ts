/** Which root certificates are trusted: a file that was named, or that of the local signer. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from './failure.ts';

/** The worker's local signer writes its root there when it is first opened. */
export function localRootPath(data_dir: string): string {
  return join(data_dir, 'signer', 'development-chain', 'root.pem');
}

/** @throws Failure where the file is missing or holds no certificate */
export function readTrustAnchors(path: string): string {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Failure(`The trusted root ${path} cannot be read.`, { cause });
  }
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Failure(`${path} holds no certificate in PEM form.`);
  return pem;
}

/** The local signer's root, or undefined before its first video. */
export function readLocalTrustAnchors(data_dir: string): string | undefined {
  const path = localRootPath(data_dir);
  return existsSync(path) ? readTrustAnchors(path) : undefined;
}
