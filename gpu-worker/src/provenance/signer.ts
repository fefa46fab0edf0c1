/**
 * What signs our claims: four members, so that a key in a cloud's key service can stand in for the local one.
 */
import { sign as signBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { openDevelopmentChain } from './development-chain.ts';

export interface Signer {
  readonly alg: 'es256';
  /** PEM: the signing certificate first, the root left out. */
  readonly certificate_chain_pem: string;
  /** PEM: the roots by which our own output must be trusted before it leaves. */
  readonly trust_anchors_pem: string;
  /** @returns r and s, 32 bytes each (IEEE P1363), over the SHA-256 of `bytes` */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/**
 * The development chain in `dir`, made there at the first start. Its signing certificate is good for at least 60 days
 * after this call.
 * @throws Error naming the file that is missing or broken
 */
export async function openLocalSigner(dir: string): Promise<Signer> {
  const { certificate_chain_pem, trust_anchors_pem, private_key: key } = await openDevelopmentChain(dir);
  const signWith = promisify(signBytes);
  return {
    alg: 'es256',
    certificate_chain_pem,
    trust_anchors_pem,
    sign: (bytes) => signWith('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }),
  };
}
