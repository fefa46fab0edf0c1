/**
 * The certificates that an operator gives, read and judged before the first video: a verifier would judge them the
 * same way, but only after the video was made.
 */
import 'reflect-metadata';
import { type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as x509 from '@peculiar/x509';
import { SIGNING_PURPOSES } from './certificates.ts';
import type { CertificateFiles } from './signer-config.ts';

export interface CertificateChain {
  readonly certificate_chain_pem: string;
  readonly trust_anchors_pem: string;
  readonly valid_until: Date;
  /** Of the signing certificate. */
  readonly public_key: KeyObject;
}

/** @throws Error naming the variable, the file, what is wrong and what to do */
export async function readCertificateChain(
  { certificates_path, trust_anchors_path }: CertificateFiles,
  now: Date,
): Promise<CertificateChain> {
  const chain = await readFrom('EVERFRAME_SIGNER_CERTIFICATES', certificates_path, CHAIN_REMEDY, parseAll);
  const roots = await readFrom('EVERFRAME_SIGNER_ROOTS', trust_anchors_path, ROOTS_REMEDY, parseAll);
  return readFrom('EVERFRAME_SIGNER_CERTIFICATES', certificates_path, CHAIN_REMEDY, () => {
    const [leaf] = chain;
    if (!leaf) throw new Error('it holds no certificate');
    judgeSigner(leaf);
    for (const certificate of chain) judgeDates(certificate, now);
    chain.forEach((certificate, index) => {
      const issuers = index + 1 < chain.length ? chain.slice(index + 1, index + 2) : roots;
      if (!issuers.some((issuer) => certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey))) {
        throw new Error(
          `${nameOf(certificate)} was not issued by ${index + 1 < chain.length ? 'the certificate after it' : 'a root of EVERFRAME_SIGNER_ROOTS'}`,
        );
      }
    });
    return {
      certificate_chain_pem: chain.join(''),
      trust_anchors_pem: roots.join(''),
      valid_until: leaf.validToDate,
      public_key: leaf.publicKey,
    };
  });
}

/** What the file holds, or an error that says which file, why not, and what would do. */
export async function readFrom<T>(variable: string, path: string, remedy: string, parse: (pem: string) => T): Promise<T> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new Error(`${variable} is ${path}, which can't be used: ${reason}. ${remedy}`, { cause });
  }
}

function parseAll(pem: string): X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw new Error('it holds no certificate in PEM form');
  return found.map((one) => new X509Certificate(one));
}

/** The C2PA profile of a signing certificate (specification 2.4, section 14.5), as far as every reader enforces it. */
function judgeSigner(leaf: X509Certificate): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = leaf.publicKey;
  if (asymmetricKeyType !== 'ec' || asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error(
      `${nameOf(leaf)} has a key of the type ${asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType}, and must have one on P-256`,
    );
  }
  if (leaf.ca) throw new Error(`${nameOf(leaf)} is an authority's certificate, and comes first, where the signing certificate must be`);
  const usages = new x509.X509Certificate(leaf.raw).getExtension(x509.KeyUsagesExtension)?.usages ?? 0;
  if ((usages & x509.KeyUsageFlags.digitalSignature) === 0) throw new Error(`${nameOf(leaf)} lacks the key usage digitalSignature`);
  const accepted = Object.values(ACCEPTED_PURPOSES);
  if (!leaf.keyUsage?.some((purpose) => accepted.includes(purpose))) {
    throw new Error(`${nameOf(leaf)} has the purposes ${leaf.keyUsage?.join(', ') ?? 'none'}, and must have one of ${accepted.join(', ')}`);
  }
}

function judgeDates(certificate: X509Certificate, now: Date): void {
  const { validFromDate, validToDate } = certificate;
  if (validFromDate <= now && now <= validToDate) return;
  throw new Error(
    `${nameOf(certificate)} is valid from ${validFromDate.toISOString()} to ${validToDate.toISOString()}, and it is ${now.toISOString()}`,
  );
}

function nameOf({ subject }: X509Certificate): string {
  return `the certificate of '${/CN=([^\n]*)/.exec(subject)?.[1] ?? subject.replaceAll('\n', ', ')}'`;
}

/** C2PA claim signing, document signing, e-mail protection: what readers take, our own among them. */
const ACCEPTED_PURPOSES = { ...SIGNING_PURPOSES, email_protection: '1.3.6.1.5.5.7.3.4' };
const CHAIN_REMEDY = 'Give the PEM chain that the certificate authority sent, the signing certificate first and the root left out.';
const ROOTS_REMEDY = 'Give the root certificate of the authority that issued the chain, as PEM.';
