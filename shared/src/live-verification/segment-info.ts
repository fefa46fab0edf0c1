/**
 * What a media segment carries of itself: an `emsg` box with a COSE_Sign1 over its number, its hash and the manifest it
 * belongs to (C2PA 2.4, section 19.4). Names and layout are here once, for those who write it and those who read it.
 */
import { type Box, boxesIn, onlyBox } from './boxes.ts';
import { decodeCbor, Tagged } from './cbor.ts';

export const SEGMENT_INFO_SCHEME = 'urn:c2pa:verifiable-segment-info';
export const SESSION_KEYS_LABEL = 'c2pa.session-keys';
/** COSE: header and key parameters, and the one algorithm used here. */
export const COSE = { alg: 1, kid: 4, iat: 6, es256: -7, sign1: 18, kty: 1, key_id: 2, key_alg: 3, crv: -1, x: -2, y: -3 } as const;
/** Where the scheme stands in an `emsg` of version 0: after size, type, version and flags. */
export const SCHEME_OFFSET = 12;

export interface SegmentInfo {
  readonly sequence_number: number;
  readonly manifest_id: string;
  /** SHA-256 of the segment's boxes but this one. */
  readonly hash: Uint8Array;
  readonly key_id: Uint8Array;
  /** Unix seconds at which it was signed, by the signer's word. */
  readonly issued_at: number;
  /** As signed, for the signature's check. */
  readonly protected_header: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** @returns undefined where the segment carries none. @throws Error where it is not of this form */
export function readSegmentInfo(segment: Uint8Array): SegmentInfo | undefined {
  const [box, ...others] = boxesIn(segment).filter(isSegmentInfo);
  if (!box) return undefined;
  if (others.length > 0) throw new Error('it carries more than one segment info');
  const tagged = decodeCbor(messageOf(box));
  const fields = tagged instanceof Tagged && tagged.tag === COSE.sign1 ? tagged.value : undefined;
  const [protected_header, unprotected, payload, signature] = Array.isArray(fields) ? fields : [];
  if (!(isBytes(protected_header) && unprotected instanceof Map && isBytes(payload) && isBytes(signature))) {
    throw new Error('its segment info is no COSE_Sign1');
  }
  const header = decodeCbor(protected_header);
  const info = decodeCbor(payload);
  const binding = info instanceof Map ? info.get('bmffHash') : undefined;
  if (!(header instanceof Map && info instanceof Map && binding instanceof Map)) throw new Error('its segment info is not complete');
  if (header.get(COSE.alg) !== COSE.es256) throw new Error('its segment info is signed with an algorithm that is not checked here');
  requireOwnExclusion(binding);
  const [sequence_number, manifest_id] = [info.get('sequenceNumber'), info.get('manifestId')];
  const [hash, key_id, issued_at] = [binding.get('hash'), unprotected.get(COSE.kid), header.get(COSE.iat)];
  if (!(isCount(sequence_number) && typeof manifest_id === 'string' && isBytes(hash) && isBytes(key_id) && isCount(issued_at))) {
    throw new Error('its segment info is not complete');
  }
  return { sequence_number, manifest_id, hash, key_id, issued_at, protected_header, payload, signature };
}

/** SHA-256 over each box but the info, behind its place in the segment (C2PA 2.4, section 18.6). */
export async function segmentHash(segment: Uint8Array): Promise<Uint8Array> {
  const hashed = boxesIn(segment).filter((box) => !isSegmentInfo(box));
  const bytes = new Uint8Array(hashed.reduce((total, box) => total + 8 + box.bytes.length, 0));
  const numbers = new DataView(bytes.buffer);
  let at = 0;
  for (const box of hashed) {
    numbers.setBigUint64(at, BigInt(box.at));
    bytes.set(box.bytes, at + 8);
    at += 8 + box.bytes.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** What the segment itself says its number is. */
export function sequenceNumberOf(segment: Uint8Array): number {
  const { content } = onlyBox(boxesIn(onlyBox(boxesIn(segment), 'moof').content), 'mfhd');
  if (content.length < 8) throw new Error("its 'mfhd' is cut off");
  return new DataView(content.buffer, content.byteOffset, content.byteLength).getUint32(4);
}

/** Version 0: flags, scheme, value, four numbers, message (ISO/IEC 23009-1, section 5.10.3.3). */
function messageOf({ content }: Box): Uint8Array {
  const value_at = content.indexOf(0, SCHEME_OFFSET - 8) + 1;
  const numbers_at = content.indexOf(0, value_at) + 1;
  return content.subarray(numbers_at + 16);
}

function isSegmentInfo({ type, bytes }: Box): boolean {
  return type === 'emsg' && SCHEME_BYTES.every((byte, index) => bytes[SCHEME_OFFSET + index] === byte);
}

/** Whoever signed with other exclusions left more out of the hash than is left out here. */
function requireOwnExclusion(binding: ReadonlyMap<unknown, unknown>): void {
  const [exclusion, ...others] = listOf(binding.get('exclusions'));
  const [condition, ...more] = exclusion instanceof Map ? listOf(exclusion.get('data')) : [];
  const own =
    exclusion instanceof Map &&
    condition instanceof Map &&
    others.length + more.length === 0 &&
    exclusion.get('xpath') === '/emsg' &&
    condition.get('offset') === SCHEME_OFFSET &&
    equalBytes(condition.get('value'), SCHEME_BYTES) &&
    binding.get('alg') === 'sha256';
  if (!own) throw new Error('its hash leaves out other parts than the info itself, or is no SHA-256');
}

export function equalBytes(one: unknown, other: Uint8Array): boolean {
  return isBytes(one) && one.length === other.length && other.every((byte, index) => one[index] === byte);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

const SCHEME_BYTES = new TextEncoder().encode(SEGMENT_INFO_SCHEME);
