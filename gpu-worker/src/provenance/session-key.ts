/**
 * The key that signs a live stream's segments: made for one stream by one worker, never written anywhere, gone with the
 * process. The stream's manifest names it, and it names the certificate of that manifest (C2PA 2.4, `c2pa.session-keys`).
 */
import { createHash, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { COSE } from '@everframe/shared/live-verification';
import { Tag } from 'cbor-x';
import { cbor, dateTime } from './cbor.ts';
import { bytesToSign } from './cose-sign1.ts';
import { signWithKey } from './sign-with-key.ts';

export interface SessionKey {
  readonly id: Uint8Array;
  /** COSE_Key (RFC 9052, section 7). */
  readonly public_key: ReadonlyMap<number, unknown>;
  readonly created_at: Date;
  readonly ends_at: Date;
  /** @returns r and s over the SHA-256 of the bytes */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Seconds that a session lasts; a longer stream begins a new one. A reader's clock may be wrong by hours, so a day. */
export const SESSION_SECONDS = 24 * 60 * 60;

export async function createSessionKey(now = new Date()): Promise<SessionKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const { x, y } = coordinates(publicKey);
  const id = createHash('sha256').update(x).update(y).digest().subarray(0, KEY_ID_BYTES);
  return {
    id,
    public_key: new Map<number, unknown>([
      [COSE.kty, EC2],
      [COSE.key_id, id],
      [COSE.key_alg, COSE.es256],
      [COSE.crv, P256],
      [COSE.x, x],
      [COSE.y, y],
    ]),
    // Whole seconds: the segments' times are.
    created_at: new Date(Math.floor(now.getTime() / 1000) * 1000),
    ends_at: new Date(now.getTime() + SESSION_SECONDS * 1000),
    sign: signWithKey(privateKey),
  };
}

/**
 * Content of the assertion `c2pa.session-keys`.
 * @param certificate DER: what the manifest will be signed with
 * @param first_sequence_number of the first segment that the key will sign
 */
export async function sessionKeysAssertion(key: SessionKey, certificate: Uint8Array, first_sequence_number: number): Promise<Uint8Array> {
  const protected_header = cbor.encode(new Map([[COSE.alg, COSE.es256]]));
  // Its CBOR, and detached: c2pa-rs's branch for live video and every version of SVTA's validator take this form, no other one so many.
  const signature = await key.sign(bytesToSign(protected_header, cbor.encode(certificate)));
  const entry = new Map<string, unknown>([
    ['key', key.public_key],
    ['minSequenceNumber', first_sequence_number],
    ['createdAt', dateTime(key.created_at)],
    ['validityPeriod', SESSION_SECONDS],
    ['signerBinding', new Tag([protected_header, new Map([[COSE.kid, key.id]]), null, signature], COSE.sign1)],
  ]);
  return cbor.encode(new Map([['keys', [entry]]]));
}

function coordinates(key: KeyObject): { x: Buffer; y: Buffer } {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return { x: Buffer.from(x, 'base64url'), y: Buffer.from(y, 'base64url') };
}

const EC2 = 2;
const P256 = 1;
const KEY_ID_BYTES = 16;
