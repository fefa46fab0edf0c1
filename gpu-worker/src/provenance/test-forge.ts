/** For tests: signs with whatever certificate and key it is given, right or wrong, past every check of ours. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Builder } from '@contentauth/c2pa-node';
import { manifestDefinition } from './assertions.ts';
import type { Credential } from './certificates.ts';
import { bytesToSign, bytesToTimeStamp, encodeCoseSign1, protectedHeader } from './cose-sign1.ts';
import { signWithKey } from './sign-with-key.ts';
import { TEST_FACTS } from './test-asset.ts';

export interface Forgery {
  readonly source_path: string;
  readonly out_path: string;
  readonly leaf: Credential;
  /** PEM, in the order of the chain. */
  readonly issuers?: readonly string[];
  /** Default the leaf's. */
  readonly private_key?: string;
  readonly timeStamp?: (bytes: Uint8Array) => Promise<Uint8Array>;
}

export async function forge({ source_path, out_path, leaf, issuers = [], private_key, timeStamp }: Forgery): Promise<void> {
  const chain = [leaf.certificate, ...issuers].map((pem) => new X509Certificate(pem).raw);
  const protected_header = protectedHeader(chain);
  const sign = signWithKey(createPrivateKey(private_key ?? leaf.private_key));
  const settings = { verify: { verify_after_sign: false, verify_trust: false }, builder: { thumbnail: { enabled: false } } };
  await Builder.withJson(manifestDefinition(TEST_FACTS, 'video/mp4'), settings).signConfigAsync(
    async (claim) => {
      const signature = await sign(bytesToSign(protected_header, claim));
      const time_stamp_token = await timeStamp?.(bytesToTimeStamp({ protected_header, signature }));
      return Buffer.from(encodeCoseSign1({ protected_header, signature, time_stamp_token }, RESERVE_BYTES));
    },
    { alg: 'es256', certs: chain, reserveSize: RESERVE_BYTES, directCoseHandling: true },
    { path: source_path, mimeType: 'video/mp4' },
    { path: out_path, mimeType: 'video/mp4' },
  );
}

const RESERVE_BYTES = 8000;
