/**
 * Whether a file is byte for byte the one that a service published under its manifest: by the service's signed word, whose certificates
 * must lead to a root that counts as its own here.
 */
import { createHash, verify, X509Certificate } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type Publication, type PublicationFacts, parsePublication } from '@everframe/shared';
import { comparePublished, type PublishedBytes, publishedText } from '@everframe/shared/verification';

const ANSWER_TIMEOUT_MS = 15_000;

export interface Published {
  /** Null where the service could not be asked, or its word is signed by nobody who counts. */
  readonly published: PublishedBytes | null;
  readonly lines: readonly string[];
}

/** @param own_roots_pem whose word is the service's own; empty for none */
export async function askPublished(path: string, manifest_label: string, service: string, own_roots_pem: string): Promise<Published> {
  try {
    const records = await fetchRecords(service, manifest_label);
    const stated = records.map(parsePublication).filter(({ facts }) => facts.manifest_id === manifest_label);
    const facts = stated.filter((publication) => isSignedUnder(publication, own_roots_pem)).map((publication) => publication.facts);
    if (stated.length > 0 && facts.length === 0) {
      return {
        published: null,
        lines: [`${service} states what it published, but nobody who counts as its signer here signed that (--own).`],
      };
    }
    return compare(facts, await digest(path), service);
  } catch (error) {
    return {
      published: null,
      lines: [`${service} could not say what it published: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
}

function compare(facts: readonly PublicationFacts[], file: { sha256: string; bytes: number }, service: string): Published {
  const published = comparePublished(facts, file);
  const text = publishedText(published, facts, file) ?? `${service} has published no file with this manifest, or its video is gone.`;
  return { published, lines: [text] };
}

async function fetchRecords(service: string, manifest_label: string): Promise<string[]> {
  const response = await fetch(new URL(`/v1/publications/${encodeURIComponent(manifest_label)}`, service), {
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  if (response.status === 404) return [];
  const answer = (await response.json()) as { data: { record: string }[] } | { error: { message: string } };
  if ('error' in answer) throw new Error(answer.error.message);
  return answer.data.map(({ record }) => record);
}

/** The signing certificate was in force when it signed, and each certificate was issued by the next one, the last by a root. */
function isSignedUnder({ facts, x5c, signed, signature }: Publication, roots_pem: string): boolean {
  const chain = x5c.map((der) => new X509Certificate(Buffer.from(der, 'base64')));
  const roots = (roots_pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  );
  const [leaf] = chain;
  if (!leaf || leaf.ca) return false;
  const at = new Date(facts.iat * 1000);
  return (
    chain.every(({ validFromDate, validToDate }) => validFromDate <= at && at <= validToDate) &&
    chain.every((certificate, index) => {
      const issuers = index + 1 < chain.length ? chain.slice(index + 1, index + 2).filter(({ ca }) => ca) : roots;
      return issuers.some((issuer) => certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
    }) &&
    verify('sha256', signed, { key: leaf.publicKey, dsaEncoding: 'ieee-p1363' }, signature)
  );
}

async function digest(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of createReadStream(path)) {
    hash.update(part);
    bytes += part.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}
