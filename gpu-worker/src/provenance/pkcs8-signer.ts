/** Signs with a private key from a file: for hosts whose files are as well kept as a key must be. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readCertificateChain, readFrom } from './certificate-chain.ts';
import { signWithKey } from './sign-with-key.ts';
import type { Signer } from './signer.ts';
import type { CertificateFiles } from './signer-config.ts';

/** @throws Error naming the variable and file at fault and what to do */
export async function openPkcs8Signer(config: CertificateFiles & { readonly key_path: string }, now: Date): Promise<Signer> {
  const { public_key, ...chain } = await readCertificateChain(config, now);
  const private_key = await readFrom('EVERFRAME_SIGNER_KEY', config.key_path, REMEDY, (pem) => {
    if (!pem.includes('-----BEGIN PRIVATE KEY-----')) throw new Error('it holds no unencrypted PKCS#8 key in PEM form');
    const key = createPrivateKey(pem);
    if (!createPublicKey(key).equals(public_key)) throw new Error('its key is not the one of the signing certificate');
    return key;
  });
  return { alg: 'es256', ...chain, sign: signWithKey(private_key) };
}

const REMEDY =
  'Give the key that the certificate was requested with; `openssl pkcs8 -topk8 -nocrypt -in <key.pem>` turns other forms into this one.';
