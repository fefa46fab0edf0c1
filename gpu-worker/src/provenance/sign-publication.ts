/** What the service states of a file that it is about to publish, signed by the key of its manifests. */
import { verify, X509Certificate } from 'node:crypto';
import { type Asset, type PublicationFacts, publicationRecord, publicationToSign } from '@everframe/shared';
import type { GenerationFacts } from './assertions.ts';
import type { Signer } from './signer.ts';

export interface PublishedFile {
  readonly video_id: string;
  readonly manifest_id: string;
  readonly file: Pick<Asset, 'sha256' | 'bytes'>;
  readonly model: Pick<GenerationFacts['model'], 'name' | 'version' | 'package_sha256'>;
}

/** Asks the signer once. @throws Error when the key's answer is no signature by the certificate's key */
export async function signPublication(signer: Signer, { video_id, manifest_id, file, model }: PublishedFile): Promise<string> {
  const facts: PublicationFacts = {
    version: 1,
    video_id,
    manifest_id,
    sha256: file.sha256,
    bytes: file.bytes,
    media_type: 'video/mp4',
    model: model.name,
    model_version: model.version,
    model_sha256: model.package_sha256,
    iat: Math.floor(Date.now() / 1000),
  };
  const chain = certificatesOf(signer);
  const to_sign = publicationToSign(
    facts,
    chain.map(({ raw }) => raw.toString('base64')),
  );
  const signature = await signer.sign(Buffer.from(to_sign));
  const [leaf] = chain;
  if (!leaf || !verify('sha256', Buffer.from(to_sign), { key: leaf.publicKey, dsaEncoding: 'ieee-p1363' }, signature)) {
    throw new Error('the key did not sign as its certificate says');
  }
  return publicationRecord(to_sign, signature);
}

function certificatesOf({ certificate_chain_pem }: Signer): X509Certificate[] {
  const found = certificate_chain_pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return found.map((pem) => new X509Certificate(pem));
}
