/**
 * Checks AWS Signature Version 4 in the Authorization header, as SQS does, so that a client that signs wrongly
 * fails here and not first in production. Follows "Create a signed AWS API request" of the IAM user guide.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface AwsCredentials {
  readonly access_key_id: string;
  readonly secret_access_key: string;
}

export interface SignedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Name of the error as SQS gives it, and its sentence. */
export interface SignatureFault {
  readonly code: 'MissingAuthenticationToken' | 'IncompleteSignature' | 'InvalidClientTokenId' | 'SignatureDoesNotMatch' | 'RequestExpired';
  readonly message: string;
}

const CLOCK_SKEW_MS = 15 * 60 * 1000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([\w-]+)\/(\w+)\/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})$/;

/** @returns undefined when the request was signed with these credentials within the last 15 minutes */
export function findSignatureFault(request: SignedRequest, credentials: AwsCredentials, now_ms: number): SignatureFault | undefined {
  const header = request.headers.authorization;
  if (typeof header !== 'string') return { code: 'MissingAuthenticationToken', message: 'The request has no Authorization header.' };
  const parts = AUTHORIZATION.exec(header);
  const time = request.headers['x-amz-date'];
  if (!parts || typeof time !== 'string' || !/^\d{8}T\d{6}Z$/.test(time)) {
    return { code: 'IncompleteSignature', message: 'The Authorization or X-Amz-Date header is not one of Signature Version 4.' };
  }
  const [, key_id = '', date = '', region = '', service = '', signed = '', signature = ''] = parts;
  if (key_id !== credentials.access_key_id) {
    return { code: 'InvalidClientTokenId', message: 'The security token included in the request is invalid.' };
  }
  if (!time.startsWith(date) || Math.abs(now_ms - parseTime(time)) > CLOCK_SKEW_MS) {
    return { code: 'RequestExpired', message: `The request was signed at ${time}, more than 15 minutes from now.` };
  }
  const scope = `${date}/${region}/${service}/aws4_request`;
  const to_sign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonicalRequest(request, signed))].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${credentials.secret_access_key}`);
  const expected = hmac(key, to_sign);
  if (signed.split(';').includes('host') && timingSafeEqual(expected, Buffer.from(signature, 'hex'))) return undefined;
  return { code: 'SignatureDoesNotMatch', message: 'The request signature we calculated does not match the signature you provided.' };
}

function canonicalRequest({ method, target, headers, body }: SignedRequest, signed: string): string {
  const url = new URL(target, 'http://queue');
  const names = signed.split(';');
  return [
    method,
    url.pathname.split('/').map(encode).join('/'),
    [...url.searchParams]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${headerText(headers[name])}`),
    '',
    signed,
    sha256(body),
  ].join('\n');
}

function headerText(value: string | string[] | undefined): string {
  return [value ?? '']
    .flat()
    .map((text) => text.trim().replace(/\s+/g, ' '))
    .join(',');
}

/** RFC 3986: all but letters, digits and -._~ */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

function parseTime(time: string): number {
  return Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function sha256(value: string | Buffer): string {
  return createHash('sha256').update(value).digest('hex');
}

function hmac(key: Buffer | string, value: string): Buffer {
  return createHmac('sha256', key).update(value).digest();
}
