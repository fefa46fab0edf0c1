/**
 * From a claim's bytes to the COSE signature that goes into the file: signed by our key, checked against our
 * certificate, time-stamped if an authority answers.
 */
import { verify, X509Certificate } from 'node:crypto';
import { bytesToSign, bytesToTimeStamp, encodeCoseSign1, protectedHeader, smallestSize } from './cose-sign1.ts';
import type { Signer } from './signer.ts';
import { TIME_STAMP_MAX_BYTES, type TimeStampOutcome, timeStampInTurn } from './time-stamp.ts';

/** @throws Error when the key's answer is no signature by the certificate's key */
export async function signClaim(
  signer: Signer,
  claim: Uint8Array,
  time_stamp_urls: readonly string[],
): Promise<{ cose: Uint8Array; outcome: TimeStampOutcome }> {
  const chain = parseChain(signer);
  requireInForce(chain, new Date());
  const protected_header = protectedHeader(chain.map(({ raw }) => raw));
  const to_sign = bytesToSign(protected_header, claim);
  const signature = await signer.sign(to_sign);
  const [leaf] = chain;
  if (!leaf || !verify('sha256', to_sign, { key: leaf.publicKey, dsaEncoding: 'ieee-p1363' }, signature)) {
    throw new Error('the key did not sign as its certificate says');
  }
  const outcome = await timeStampInTurn(time_stamp_urls, bytesToTimeStamp({ protected_header, signature }));
  const parts = { protected_header, signature, time_stamp_token: outcome.time_stamp?.token };
  return { cose: encodeCoseSign1(parts, signatureSize(signer, time_stamp_urls)), outcome };
}

/**
 * Bytes of the signature, known before it is made: the file is hashed around them. Padding is covered by no hash, so
 * there is as little as can be; where time-stamps are on, a signature that got none keeps the room for a later one.
 */
export function signatureSize(signer: Signer, time_stamp_urls: readonly string[]): number {
  const protected_header = protectedHeader(parseChain(signer).map(({ raw }) => raw));
  const size = smallestSize({ protected_header, signature: new Uint8Array(SIGNATURE_BYTES) });
  return time_stamp_urls.length > 0 ? size + TIME_STAMP_MAX_BYTES + TIME_STAMP_FRAME_BYTES : size;
}

/** Said here, where another worker may have a newer certificate; the read-back would blame the file. */
function requireInForce(chain: readonly X509Certificate[], now: Date): void {
  const ended = chain.find(({ validFromDate, validToDate }) => now < validFromDate || now > validToDate);
  if (ended)
    throw new Error(
      `a certificate of the chain is valid from ${ended.validFrom} to ${ended.validTo} only; renew it and restart the worker`,
    );
}

function parseChain({ certificate_chain_pem }: Signer): X509Certificate[] {
  const found = certificate_chain_pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return found.map((pem) => new X509Certificate(pem));
}

const SIGNATURE_BYTES = 64;
/** CBOR around a token: names, lengths. */
const TIME_STAMP_FRAME_BYTES = 64;
