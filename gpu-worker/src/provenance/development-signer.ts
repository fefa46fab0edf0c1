/** Signs with the development chain: a key in a local file, vouched for by a root that only this machine knows. */
import { openDevelopmentChain } from './development-chain.ts';
import { signWithKey } from './sign-with-key.ts';
import type { Signer } from './signer.ts';

/**
 * The development chain in `dir`, made there at the first start. Its signing certificate is good for at least 60 days
 * after this call.
 * @throws Error naming the file that is missing or broken
 */
export async function openDevelopmentSigner(dir: string): Promise<Signer> {
  const { certificate_chain_pem, trust_anchors_pem, valid_until, private_key } = await openDevelopmentChain(dir);
  return { alg: 'es256', certificate_chain_pem, trust_anchors_pem, valid_until, sign: signWithKey(private_key) };
}
