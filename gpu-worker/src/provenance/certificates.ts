/**
 * Issues the certificates of a development chain, to the C2PA profile for signing certificates as far as it fits a
 * chain that nobody vouches for: no certificate policy, no product id. The names say that it is for development.
 */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate with its private key, both PEM. */
export interface Credential {
  readonly certificate: string;
  readonly private_key: string;
}

/** Key purposes (EKU) of the signing certificate, which verifiers must be told to accept. */
export const SIGNING_PURPOSES = {
  c2pa_claim_signing: '1.3.6.1.4.1.62558.2.1',
  document_signing: '1.3.6.1.5.5.7.3.36',
} as const;

export async function issueRoot(now: Date): Promise<Credential> {
  return issueCertificate({ name: 'Everframe development root', now, days: 20 * 365, authority: { path_length: 1 } });
}

export async function issueIntermediate(issuer: Credential, now: Date): Promise<Credential> {
  return issueCertificate({ name: 'Everframe development intermediate', now, days: 10 * 365, issuer, authority: { path_length: 0 } });
}

/** The profile allows a signing certificate 366 days. */
export async function issueLeaf(issuer: Credential, now: Date): Promise<Credential> {
  return issueCertificate({ name: 'Everframe development signer', now, days: 365, issuer });
}

export interface CertificateRequest {
  readonly name: string;
  readonly now: Date;
  readonly days: number;
  /** Itself when left out. */
  readonly issuer?: Credential;
  /** Set on certificates that sign others. */
  readonly authority?: { readonly path_length: number };
  /** Key purposes (EKU) of one that doesn't sign others; default those of a claim signer. */
  readonly purposes?: readonly string[];
  /** Whether a reader that does not know the purposes must refuse; time-stamp authorities need it. Default false. */
  readonly purposes_critical?: boolean;
  /** Default: signing claims, and standing by them; nothing else. */
  readonly usage?: number;
  /** Default: new ones on P-256. */
  readonly keys?: webcrypto.CryptoKeyPair;
}

export async function issueCertificate(request: CertificateRequest): Promise<Credential> {
  const { name, now, days, issuer, authority, purposes = Object.values(SIGNING_PURPOSES), usage = SIGNER_USAGE } = request;
  const keys = request.keys ?? (await webcrypto.subtle.generateKey(ECDSA_P256, true, ['sign', 'verify']));
  const issuerCertificate = issuer && new x509.X509Certificate(issuer.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: distinguishedName(name),
    issuer: issuerCertificate?.subject ?? distinguishedName(name),
    // An hour back, for machines whose clocks are behind.
    notBefore: new Date(now.getTime() - 3_600_000),
    notAfter: new Date(now.getTime() + days * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: issuer ? await importKey(issuer.private_key) : keys.privateKey,
    signingAlgorithm: { ...ECDSA_P256, hash: 'SHA-256' },
    extensions: [
      new x509.BasicConstraintsExtension(authority !== undefined, authority?.path_length, true),
      new x509.KeyUsagesExtension(authority ? AUTHORITY_USAGE : usage, true),
      ...(authority ? [] : [new x509.ExtendedKeyUsageExtension([...purposes], request.purposes_critical ?? false)]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuerCertificate?.publicKey ?? keys.publicKey),
    ],
  });
  const private_key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: `${certificate.toString('pem')}\n`, private_key: `${x509.PemConverter.encode(private_key, 'PRIVATE KEY')}\n` };
}

const SIGNER_USAGE = x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.nonRepudiation;
const AUTHORITY_USAGE = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;
const ECDSA_P256 = { name: 'ECDSA', namedCurve: 'P-256' };
const DAY_MS = 86_400_000;

function distinguishedName(name: string): string {
  return `O=Everframe development, CN=${name}`;
}

/** 16 random bytes, positive and without a leading zero (RFC 5280, section 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ECDSA_P256, false, ['sign']);
}
