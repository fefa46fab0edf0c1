/**
 * A live stream's session: the manifest in its init segment, and the keys that this manifest vouches for (C2PA 2.4,
 * section 19.4 and `c2pa.session-keys`). Whoever the manifest's signer is, is the C2PA reader's word.
 */
import { byteString, decodeCbor, sign1Structure, Tagged } from './cbor.ts';
import { activeManifest, claimedContent, signingCertificate } from './manifest-store.ts';
import { COSE, SESSION_KEYS_LABEL } from './segment-info.ts';

export interface SessionKey {
  readonly id: Uint8Array;
  readonly public_key: CryptoKey;
  readonly min_sequence_number: number;
  /** Unix seconds. */
  readonly valid_from: number;
  readonly valid_until: number;
}

export interface Session {
  /** Label of the init segment's manifest; every segment names it. */
  readonly manifest_label: string;
  readonly keys: readonly SessionKey[];
}

/** @throws Error saying why segments can't be checked by this init segment */
export async function openSession(init: Uint8Array): Promise<Session> {
  const manifest = activeManifest(init);
  if (!manifest) throw new Error('it carries no manifest');
  if (!manifest.assertions.has(SESSION_KEYS_LABEL)) throw new Error('its manifest names no session keys');
  const bytes = await claimedContent(manifest, SESSION_KEYS_LABEL);
  if (!bytes) throw new Error('its session keys are not those that were signed');
  const content = decodeCbor(bytes);
  const entries = content instanceof Map ? content.get('keys') : undefined;
  if (!Array.isArray(entries) || entries.length === 0) throw new Error('its manifest names no session keys');
  const certificate = signingCertificate(manifest);
  return { manifest_label: manifest.label, keys: await Promise.all(entries.map((entry) => readKey(entry, certificate))) };
}

export async function verifySign1(
  key: CryptoKey,
  protected_header: Uint8Array,
  payload: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const signed = sign1Structure(protected_header, payload);
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, Uint8Array.from(signature), signed);
}

async function readKey(entry: unknown, certificate: Uint8Array): Promise<SessionKey> {
  if (!(entry instanceof Map)) throw new Error('a session key is not complete');
  const cose_key = entry.get('key');
  const [min_sequence_number, validity] = [entry.get('minSequenceNumber'), entry.get('validityPeriod')];
  const created = entry.get('createdAt');
  const created_ms = Date.parse(created instanceof Tagged && created.tag === 0 ? String(created.value) : '');
  const id = cose_key instanceof Map ? cose_key.get(COSE.key_id) : undefined;
  if (!(cose_key instanceof Map && id instanceof Uint8Array && created_ms > 0 && isNumber(min_sequence_number) && isNumber(validity))) {
    throw new Error('a session key is not complete');
  }
  const public_key = await importKey(cose_key);
  await requireBinding(entry.get('signerBinding'), public_key, certificate);
  const valid_from = created_ms / 1000;
  return { id, public_key, min_sequence_number, valid_from, valid_until: valid_from + validity };
}

/** EC2 on P-256 (RFC 9053, section 7.1.1). */
async function importKey(key: ReadonlyMap<unknown, unknown>): Promise<CryptoKey> {
  const [x, y] = [key.get(COSE.x), key.get(COSE.y)];
  const on_p256 = key.get(COSE.kty) === 2 && key.get(COSE.crv) === 1 && key.get(COSE.key_alg) === COSE.es256;
  if (!(on_p256 && x instanceof Uint8Array && y instanceof Uint8Array && x.length === 32 && y.length === 32)) {
    throw new Error('a session key is of a kind that is not checked here (ES256 is)');
  }
  const point = Uint8Array.of(4, ...x, ...y);
  return crypto.subtle.importKey('raw', point, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
}

/** The session key signs the certificate that signs it, so nobody can name a key that he does not hold. */
async function requireBinding(binding: unknown, public_key: CryptoKey, certificate: Uint8Array): Promise<void> {
  const fields = binding instanceof Tagged && binding.tag === COSE.sign1 ? binding.value : undefined;
  const [protected_header, , , signature] = Array.isArray(fields) ? fields : [];
  const bound =
    protected_header instanceof Uint8Array &&
    signature instanceof Uint8Array &&
    ((await verifySign1(public_key, protected_header, byteString(certificate), signature)) ||
      // As others read the specification: the certificate as it is.
      (await verifySign1(public_key, protected_header, certificate, signature)));
  if (!bound) throw new Error('a session key is not bound to the certificate that signed it');
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}
