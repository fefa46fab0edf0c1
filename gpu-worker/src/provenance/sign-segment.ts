/**
 * Puts the signed info into a media segment: an `emsg` behind `styp` whose COSE_Sign1 covers every other box and its
 * place (C2PA 2.4, section 19.4). Players pass over it.
 */
import { COSE, SCHEME_OFFSET, SEGMENT_INFO_SCHEME, segmentHash, sequenceNumberOf } from '@everframe/shared/live-verification';
import { Tag } from 'cbor-x';
import { ascii, concat, findBox, fullBox, u32 } from '../media/isobmff.ts';
import { cbor } from './cbor.ts';
import { bytesToSign } from './cose-sign1.ts';
import type { SessionKey } from './session-key.ts';

export interface SegmentToSign {
  readonly media: Uint8Array;
  /** Units a second; of the track. */
  readonly timescale: number;
  /** Of the segment, in the timescale. */
  readonly duration: number;
}

export async function signSegment(key: SessionKey, manifest_label: string, segment: SegmentToSign, now = new Date()): Promise<Uint8Array> {
  const sequence_number = sequenceNumberOf(segment.media);
  const protected_header = cbor.encode(
    new Map([
      [COSE.alg, COSE.es256],
      [COSE.iat, Math.floor(now.getTime() / 1000)],
    ]),
  );
  const sealed = (payload: Uint8Array, signature: Uint8Array): Uint8Array => {
    const message = cbor.encode(new Tag([protected_header, new Map([[COSE.kid, key.id]]), payload, signature], COSE.sign1));
    return insertInfo(segment, sequence_number, message);
  };
  // The hash covers where the boxes behind the info lie, so its size must be known before.
  const draft = sealed(payloadOf(sequence_number, manifest_label, new Uint8Array(32)), new Uint8Array(64));
  const payload = payloadOf(sequence_number, manifest_label, await segmentHash(draft));
  const signed = sealed(payload, await key.sign(bytesToSign(protected_header, payload)));
  if (signed.length !== draft.length) throw new Error(`signing must not move the boxes; ${draft.length} bytes became ${signed.length}`);
  return signed;
}

function payloadOf(sequence_number: number, manifest_label: string, hash: Uint8Array): Uint8Array {
  const condition = new Map<string, unknown>([
    ['offset', SCHEME_OFFSET],
    ['value', ascii(SEGMENT_INFO_SCHEME)],
  ]);
  const exclusion = new Map<string, unknown>([
    ['xpath', '/emsg'],
    ['data', [condition]],
  ]);
  const binding = new Map<string, unknown>([
    ['exclusions', [exclusion]],
    ['alg', 'sha256'],
    ['hash', hash],
    ['name', 'segment'],
  ]);
  return cbor.encode(
    new Map<string, unknown>([
      ['sequenceNumber', sequence_number],
      ['bmffHash', binding],
      ['manifestId', manifest_label],
    ]),
  );
}

/** ISO/IEC 23009-1, section 5.10.3.3. */
function insertInfo({ media, timescale, duration }: SegmentToSign, sequence_number: number, message: Uint8Array): Uint8Array {
  const info = fullBox(
    'emsg',
    0,
    0,
    ascii(`${SEGMENT_INFO_SCHEME}\0`), // scheme_id_uri
    ascii('fseg\0'), // value
    u32(timescale), // timescale
    u32(0), // presentation_time_delta
    u32(duration), // event_duration
    u32(sequence_number), // id
    message, // message_data
  );
  const { end } = findBox(media, ['styp']);
  return concat([media.subarray(0, end), info, media.subarray(end)]);
}
