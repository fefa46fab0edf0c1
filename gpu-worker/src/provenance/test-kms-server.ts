/**
 * For tests: a server of the KMS wire protocol (AWS JSON 1.1) that holds one P-256 key and signs digests with it, as
 * AWS documents `Sign` and `GetPublicKey`. The client that talks to it is the AWS SDK's own.
 */
import { createECDH, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestKms {
  readonly endpoint: string;
  readonly key_id: string;
  readonly public_key: KeyObject;
  /** Operations served, in order. */
  readonly calls: string[];
  /** What the next requests get instead of an answer. */
  readonly failures: { status: number; type: string; message: string }[];
  close(): Promise<void>;
}

export async function startTestKms(key_spec = 'ECC_NIST_P256'): Promise<TestKms> {
  const { publicKey: public_key, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const d = fromBytes(Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url'));
  const key_id = 'arn:aws:kms:eu-central-1:000000000000:key/4f1c0de2-0000-4000-8000-000000000000';
  const calls: string[] = [];
  const failures: TestKms['failures'] = [];

  const answer = (operation: string, body: Record<string, string>): [status: number, answer: object] => {
    const failure = failures.shift();
    if (failure) return [failure.status, { __type: failure.type, message: failure.message }];
    if (body.KeyId !== key_id) return [400, { __type: 'NotFoundException', message: `Key '${body.KeyId}' does not exist` }];
    if (operation === 'GetPublicKey') {
      const PublicKey = public_key.export({ type: 'spki', format: 'der' }).toString('base64');
      return [200, { KeyId: key_id, KeySpec: key_spec, KeyUsage: 'SIGN_VERIFY', SigningAlgorithms: ['ECDSA_SHA_256'], PublicKey }];
    }
    const digest = Buffer.from(body.Message ?? '', 'base64');
    if (operation !== 'Sign' || body.MessageType !== 'DIGEST' || body.SigningAlgorithm !== 'ECDSA_SHA_256' || digest.length !== 32) {
      return [400, { __type: 'ValidationException', message: `${operation} with ${digest.length} bytes, ${body.MessageType}` }];
    }
    return [200, { KeyId: key_id, SigningAlgorithm: body.SigningAlgorithm, Signature: signDigest(d, digest).toString('base64') }];
  };

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const operation = String(request.headers['x-amz-target']).replace('TrentService.', '');
    calls.push(operation);
    const [status, body] = answer(operation, JSON.parse(Buffer.concat(chunks).toString()));
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key_id,
    public_key,
    calls,
    failures,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** ECDSA on P-256 (FIPS 186-5, section 6.4.1) of a digest that is given; Node's own `sign` hashes once more. */
function signDigest(d: bigint, digest: Buffer): Buffer {
  for (;;) {
    const k = fromBytes(randomBytes(32));
    if (k === 0n || k >= ORDER) continue;
    const point = createECDH('prime256v1');
    point.setPrivateKey(toBytes(k));
    const r = fromBytes(point.getPublicKey().subarray(1, 33)) % ORDER;
    const s = (power(k, ORDER - 2n) * (fromBytes(digest) + r * d)) % ORDER;
    if (r !== 0n && s !== 0n) return sequence(integer(r), integer(s));
  }
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base % ORDER, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % ORDER) {
    if (rest & 1n) result = (result * square) % ORDER;
  }
  return result;
}

function integer(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const positive = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, positive.length), positive]);
}

function sequence(...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

function fromBytes(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
}

function toBytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

/** Of the group of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
