/** ES256 with a private key that is in this process. */
import { type KeyObject, sign as signBytes } from 'node:crypto';
import { promisify } from 'node:util';

const signAsync = promisify(signBytes);

/** @returns r and s, 32 bytes each, over the SHA-256 of the bytes */
export function signWithKey(key: KeyObject): (bytes: Uint8Array) => Promise<Uint8Array> {
  return (bytes) => signAsync('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' });
}
