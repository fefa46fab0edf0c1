/**
 * Signs with a key that never leaves AWS KMS. The claim is hashed here, because KMS takes 4,096 bytes at most, and its
 * answer is DER, where COSE wants r and s at full length.
 */
import { createHash, createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { readCertificateChain } from './certificate-chain.ts';
import type { Signer } from './signer.ts';
import type { CertificateFiles } from './signer-config.ts';

export interface KmsSignerOptions extends CertificateFiles {
  /** ARN, id or alias. */
  readonly key_id: string;
  readonly region: string;
  /** Only where the service is not AWS's own. */
  readonly endpoint: string | undefined;
}

/** @throws Error when certificates, key and permissions don't fit together, naming what to change */
export async function openKmsSigner(options: KmsSignerOptions, now: Date): Promise<Signer> {
  const { key_id, region, endpoint } = options;
  const { public_key, ...chain } = await readCertificateChain(options, now);
  const client = new KMSClient({ region, ...(endpoint && { endpoint }), maxAttempts: ATTEMPTS });

  const found = await askKms(key_id, 'kms:GetPublicKey', (abortSignal) =>
    client.send(new GetPublicKeyCommand({ KeyId: key_id }), { abortSignal }),
  );
  if (found.KeySpec !== 'ECC_NIST_P256' || found.KeyUsage !== 'SIGN_VERIFY' || !found.PublicKey) {
    throw new Error(
      `EVERFRAME_SIGNER_KMS_KEY is ${key_id}, a key of the type ${found.KeySpec} for ${found.KeyUsage}; ` +
        'it must be ECC_NIST_P256 for SIGN_VERIFY. Make such a key and have a certificate issued for it.',
    );
  }
  const key = createPublicKey({ key: Buffer.from(found.PublicKey), format: 'der', type: 'spki' });
  if (!key.equals(public_key)) {
    throw new Error(
      `EVERFRAME_SIGNER_KMS_KEY is ${key_id}, which is not the key of the signing certificate in ${options.certificates_path}. ` +
        "Name the key that the certificate was requested with, or have one issued for this key's public half.",
    );
  }
  return {
    alg: 'es256',
    ...chain,
    async sign(bytes) {
      const command = new SignCommand({
        KeyId: key_id,
        Message: createHash('sha256').update(bytes).digest(),
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      });
      const { Signature } = await askKms(key_id, 'kms:Sign', (abortSignal) => client.send(command, { abortSignal }));
      if (!Signature) throw new Error(`KMS gave no signature by ${key_id}`);
      return toP1363(Signature);
    },
  };
}

/** The SDK retries what may pass by itself; all of its attempts together have this long. */
async function askKms<T>(key_id: string, permission: string, ask: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await ask(AbortSignal.timeout(TIMEOUT_MS));
  } catch (cause) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : cause;
    throw new Error(
      `AWS KMS did not serve ${permission} on ${key_id}: ${reason}. ` +
        `EVERFRAME_SIGNER_KMS_KEY must name a key in its region, and the worker's role must be allowed ${permission} on it.`,
      { cause },
    );
  }
}

/** SEQUENCE { r INTEGER, s INTEGER } (RFC 3279, section 2.2.3) to r and s, 32 bytes each. */
export function toP1363(der: Uint8Array): Uint8Array {
  const { offset, result } = asn1js.fromBER(der);
  if (offset === -1 || !(result instanceof asn1js.Sequence)) throw new Error('the signature is not a DER sequence');
  const signature = new Uint8Array(pkijs.createECDSASignatureFromCMS(result, P256_BYTES));
  if (signature.length !== 2 * P256_BYTES) throw new Error('the signature is not a pair of integers');
  return signature;
}

const P256_BYTES = 32;
const ATTEMPTS = 3;
const TIMEOUT_MS = 20_000;
