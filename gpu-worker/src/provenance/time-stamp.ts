/**
 * A time-stamp (RFC 3161): somebody else's word that these bytes existed at a time, so that a signature outlives its
 * certificate. Authorities are asked in turn; an answer counts only if every reader would accept it.
 */
import { createHash, randomBytes } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

export interface TimeStamp {
  /** TimeStampToken, DER. */
  readonly token: Uint8Array;
  /** URL of who gave it. */
  readonly authority: string;
  readonly at: Date;
}

export interface TimeStampOutcome {
  readonly time_stamp: TimeStamp | undefined;
  /** Why authorities before it, or all of them, gave none; each begins with its URL. */
  readonly faults: readonly string[];
}

/** The first authority's time-stamp that holds. Never throws: a missing time-stamp must not cost a finished video. */
export async function timeStampInTurn(urls: readonly string[], bytes: Uint8Array): Promise<TimeStampOutcome> {
  const faults: string[] = [];
  for (const url of urls) {
    try {
      return { time_stamp: await requestTimeStamp(url, bytes), faults };
    } catch (error) {
      faults.push(`${url}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { time_stamp: undefined, faults };
}

async function requestTimeStamp(url: string, bytes: Uint8Array): Promise<TimeStamp> {
  // Positive, as an INTEGER, and of full length.
  const nonce = randomBytes(16);
  nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40;
  const request = new pkijs.TimeStampReq({
    version: 1,
    messageImprint: new pkijs.MessageImprint({
      hashAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: SHA256, algorithmParams: new asn1js.Null() }),
      hashedMessage: new asn1js.OctetString({ valueHex: createHash('sha256').update(bytes).digest() }),
    }),
    nonce: new asn1js.Integer({ valueHex: nonce }),
    certReq: true,
  });
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
    body: request.toSchema().toBER(),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = await readBody(response);
  if (!response.ok) throw new Error(`it answered with the status ${response.status}`);
  return judge(url, answer, bytes, nonce);
}

async function readBody(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > ANSWER_MAX_BYTES) throw new Error(`its answer is larger than ${ANSWER_MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** RFC 3161, section 2.4.2: what a requester must check before it uses an answer. */
async function judge(url: string, answer: Uint8Array, bytes: Uint8Array, nonce: Uint8Array): Promise<TimeStamp> {
  const { status, timeStampToken } = pkijs.TimeStampResp.fromBER(answer);
  if (status.status !== pkijs.PKIStatus.granted && status.status !== pkijs.PKIStatus.grantedWithMods) {
    throw new Error(`it refused with the PKI status ${status.status}`);
  }
  if (!timeStampToken || timeStampToken.contentType !== SIGNED_DATA) throw new Error('its answer holds no time-stamp');
  const signed = new pkijs.SignedData({ schema: timeStampToken.content });
  const { eContent, eContentType } = signed.encapContentInfo;
  if (!eContent || eContentType !== TST_INFO) throw new Error('its answer signs something else than a time-stamp');
  const info = pkijs.TSTInfo.fromBER(eContent.getValue());
  if (info.messageImprint.hashAlgorithm.algorithmId !== SHA256) throw new Error('its time-stamp has another hash than SHA-256');
  const given = info.nonce && Buffer.from(info.nonce.valueBlock.valueHexView);
  if (!given?.equals(nonce)) throw new Error('its time-stamp answers another request');
  // Also compares the imprint with that of the bytes.
  const { signatureVerified, signerCertificate } = await signed.verify({ signer: 0, data: toArrayBuffer(bytes), extendedMode: true });
  if (!signatureVerified) throw new Error('its signature does not verify');
  requireTimeStampingPurpose(signerCertificate);
  const skew_ms = Math.abs(info.genTime.getTime() - Date.now());
  if (skew_ms > SKEW_MAX_MS) throw new Error(`its time is ${info.genTime.toISOString()}, ${Math.round(skew_ms / 1000)} s from ours`);
  const token = new Uint8Array(timeStampToken.toSchema().toBER());
  if (token.length > TIME_STAMP_MAX_BYTES)
    throw new Error(`its time-stamp has ${token.length} bytes; there is room for ${TIME_STAMP_MAX_BYTES}`);
  return { token, authority: url, at: info.genTime };
}

function requireTimeStampingPurpose(certificate: pkijs.Certificate | null | undefined): void {
  const purposes = certificate?.extensions?.find(({ extnID }) => extnID === EXTENDED_KEY_USAGE)?.parsedValue;
  const allowed = purposes instanceof pkijs.ExtKeyUsage && purposes.keyPurposes.includes(TIME_STAMPING);
  if (!allowed) throw new Error('its certificate is not for time-stamping');
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** What is set aside in a signature; those of public authorities have 3 to 8 KB. */
export const TIME_STAMP_MAX_BYTES = 10_000;

const SHA256 = '2.16.840.1.101.3.4.2.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const TIMEOUT_MS = 10_000;
const ANSWER_MAX_BYTES = 64 * 1024;
/** A clock further off than this would date the signature outside its certificate's life sooner or later. */
const SKEW_MAX_MS = 10 * 60_000;
