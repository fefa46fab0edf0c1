/**
 * The signature of a claim: a COSE_Sign1 with a detached payload (C2PA 2.4, section 13.2; RFC 9052), filled up to the
 * size that was set aside for it. Written here rather than by c2pa-rs, so that a time-stamp can come from another
 * authority, or come later, without hashing the file or asking the key again.
 */
import { Tag } from 'cbor-x';
import { cbor } from './cbor.ts';

export interface CoseSign1 {
  /** CBOR, as it was signed: algorithm and certificate chain. */
  readonly protected_header: Uint8Array;
  /** r and s, 32 bytes each. */
  readonly signature: Uint8Array;
  /** RFC 3161 TimeStampToken, DER. */
  readonly time_stamp_token?: Uint8Array | undefined;
}

/** @param chain DER, the signing certificate first */
export function protectedHeader(chain: readonly Uint8Array[]): Uint8Array {
  const [leaf, ...others] = chain;
  if (!leaf) throw new Error('a signature needs at least its own certificate');
  // RFC 9360, section 2: one certificate stands alone, several in an array.
  return cbor.encode(new Map<number, unknown>([[HEADER.alg, ES256], [HEADER.x5chain, others.length > 0 ? chain : leaf]])); // biome-ignore format: one entry each
}

/** What the signing key signs. */
export function bytesToSign(protected_header: Uint8Array, claim: Uint8Array): Uint8Array {
  return cbor.encode(['Signature1', protected_header, NO_BYTES, claim]);
}

/** What an authority time-stamps: the finished signature, countersigned (C2PA 2.4, `sigTst2`). */
export function bytesToTimeStamp({ protected_header, signature }: CoseSign1): Uint8Array {
  return cbor.encode(['CounterSignature', protected_header, NO_BYTES, cbor.encode(signature)]);
}

/** @throws RangeError when it does not fit */
export function encodeCoseSign1(parts: CoseSign1, size_bytes: number): Uint8Array {
  for (const empty of [['pad'], ['pad', 'pad2']]) {
    const missing = size_bytes - encodeWith(parts, empty, 0).length;
    if (missing < 0) break;
    // The length of a byte string takes 1, 2 or 3 bytes, so two sizes can't be reached with one padding.
    for (const length_bytes of [0, 1, 2]) {
      const encoded = encodeWith(parts, empty, Math.max(0, missing - length_bytes));
      if (encoded.length === size_bytes) return encoded;
    }
  }
  throw new RangeError(`a signature of ${encodeWith(parts, [], 0).length} bytes does not fit into the ${size_bytes} set aside for it`);
}

/** The least size that `encodeCoseSign1` takes. */
export function smallestSize(parts: CoseSign1): number {
  return encodeWith(parts, ['pad'], 0).length;
}

/** @throws Error when the bytes are no COSE_Sign1 of this form */
export function decodeCoseSign1(bytes: Uint8Array): CoseSign1 {
  const tagged: unknown = cbor.decode(bytes);
  const fields: unknown = tagged instanceof Tag && tagged.tag === COSE_SIGN1_TAG ? tagged.value : undefined;
  const [protected_header, unprotected, , signature] = Array.isArray(fields) ? fields : [];
  if (!(protected_header instanceof Uint8Array) || !(unprotected instanceof Map) || !(signature instanceof Uint8Array)) {
    throw new Error('the signature is not a COSE_Sign1');
  }
  const container: unknown = unprotected.get('sigTst2');
  const token: unknown = container instanceof Map ? container.get('tstTokens')?.[0]?.get('val') : undefined;
  return { protected_header, signature, time_stamp_token: token instanceof Uint8Array ? token : undefined };
}

function encodeWith({ protected_header, signature, time_stamp_token }: CoseSign1, pads: readonly string[], length: number): Uint8Array {
  const unprotected = new Map<string, unknown>();
  if (time_stamp_token) unprotected.set('sigTst2', new Map([['tstTokens', [new Map([['val', time_stamp_token]])]]]));
  for (const [index, name] of pads.entries()) unprotected.set(name, new Uint8Array(index === 0 ? length : 0));
  return cbor.encode(new Tag([protected_header, unprotected, null, signature], COSE_SIGN1_TAG));
}

const HEADER = { alg: 1, x5chain: 33 } as const;
const ES256 = -7;
const COSE_SIGN1_TAG = 18;
const NO_BYTES = new Uint8Array(0);
