/**
 * What a service states of a file that it published, signed by the key that signs its manifests: a JWS in compact form (RFC 7515, ES256)
 * whose header carries the certificates (`x5c`). A manifest leaves some bytes of its file unprotected, and can't name the file's own hash;
 * this names it, so whoever has both can tell whether a file is byte for byte what was published.
 */
import { z } from 'zod';

export const PUBLICATION_TYPE = 'everframe-publication+jwt';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

export const PublicationFacts = z.object({
  version: z.literal(1),
  video_id: z.string().min(1),
  /** The label of the file's manifest. */
  manifest_id: z.string().min(1),
  /** Of the published bytes. */
  sha256: digest,
  bytes: z.int().positive(),
  media_type: z.literal('video/mp4'),
  model: z.string(),
  model_version: z.string(),
  /** Of the package's model.json, which holds the digests of all its files. */
  model_sha256: digest,
  /** Unix seconds of the signature. */
  iat: z.int().positive(),
});
export type PublicationFacts = z.infer<typeof PublicationFacts>;

/** As it travels and is stored. */
export const PublicationRecord = z
  .string()
  .max(16_000)
  .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/);

const Header = z.object({ alg: z.literal('ES256'), typ: z.literal(PUBLICATION_TYPE), x5c: z.array(z.string()).min(1).max(5) });

export interface Publication {
  readonly facts: PublicationFacts;
  /** DER in base64, the signer's first; the root is left out. */
  readonly x5c: readonly string[];
  /** What the signature is over. */
  readonly signed: Uint8Array<ArrayBuffer>;
  /** r and s, 32 bytes each. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** The two parts that are signed, with the dot between them. */
export function publicationToSign(facts: PublicationFacts, x5c: readonly string[]): string {
  const header = { alg: 'ES256', typ: PUBLICATION_TYPE, x5c };
  return [header, facts].map((part) => toBase64Url(new TextEncoder().encode(JSON.stringify(part)))).join('.');
}

export function publicationRecord(to_sign: string, signature: Uint8Array): string {
  return `${to_sign}.${toBase64Url(signature)}`;
}

/** Says nothing of the signature. @throws Error where it is no such record */
export function parsePublication(record: string): Publication {
  const [header = '', payload = '', signature = ''] = PublicationRecord.parse(record).split('.');
  const { x5c } = Header.parse(fromJson(header));
  const facts = PublicationFacts.parse(fromJson(payload));
  return { facts, x5c, signed: new TextEncoder().encode(`${header}.${payload}`), signature: fromBase64Url(signature) };
}

function fromJson(part: string): unknown {
  return JSON.parse(new TextDecoder().decode(fromBase64Url(part)));
}

function toBase64Url(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}
