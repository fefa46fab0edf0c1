/** For tests: a time-stamping authority (RFC 3161) over HTTP, with its own root and certificate, that can also misbehave. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as x509 from '@peculiar/x509';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { issueCertificate, issueRoot } from './certificates.ts';

export type Behaviour =
  | 'right'
  | 'refuses'
  | 'other imprint'
  | 'other nonce'
  | 'broken signature'
  | 'wrong purpose'
  | 'wrong time'
  | 'garbage'
  | 'status 500'
  | 'too long'
  | 'hangs up';

export interface TestAuthority {
  readonly url: string;
  readonly root_pem: string;
  behaviour: Behaviour;
  /** A token as it was given at that time. */
  stamp(bytes: Uint8Array, at: Date): Promise<Uint8Array>;
  /** Requests so far. */
  requests: number;
  close(): Promise<void>;
}

/** @param algorithm of the authority's key; most real ones have RSA */
export async function startTestAuthority(algorithm: 'ECDSA' | 'RSA' = 'ECDSA'): Promise<TestAuthority> {
  // In force long enough to have stamped what a test wants stamped in the past.
  const now = new Date(Date.now() - 10 * 86_400_000);
  const root = await issueRoot(now);
  const keys = await (algorithm === 'RSA'
    ? webcrypto.subtle.generateKey(RSA, true, USAGES)
    : webcrypto.subtle.generateKey(ECDSA, true, USAGES));
  const issue = async (purpose: string) => {
    const request = { name: 'time-stamps', now, days: 300, issuer: root, keys, purposes: [purpose], purposes_critical: true };
    return pkijs.Certificate.fromBER(x509.PemConverter.decodeFirst((await issueCertificate(request)).certificate));
  };
  const certificates = { right: await issue('1.3.6.1.5.5.7.3.8'), wrong: await issue('1.3.6.1.5.5.7.3.4') };

  const authority: Omit<TestAuthority, 'close' | 'stamp'> = { url: '', root_pem: root.certificate, behaviour: 'right', requests: 0 };
  const server = createServer(async (request, response) => {
    authority.requests++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { behaviour } = authority;
    if (behaviour === 'hangs up') return request.socket.destroy();
    if (behaviour === 'status 500') return response.writeHead(500).end();
    response.writeHead(200, { 'content-type': 'application/timestamp-reply' });
    if (behaviour === 'garbage') return response.end('no time-stamp');
    if (behaviour === 'too long') return response.end(Buffer.alloc(100_000));
    const certificate = behaviour === 'wrong purpose' ? certificates.wrong : certificates.right;
    response.end(Buffer.from(await answer(pkijs.TimeStampReq.fromBER(Buffer.concat(chunks)), behaviour, keys, certificate)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return Object.assign(authority, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async stamp(bytes: Uint8Array, at: Date) {
      const hashedMessage = new asn1js.OctetString({ valueHex: await webcrypto.subtle.digest('SHA-256', new Uint8Array(bytes)) });
      const hashAlgorithm = new pkijs.AlgorithmIdentifier({ algorithmId: '2.16.840.1.101.3.4.2.1', algorithmParams: new asn1js.Null() });
      const request = new pkijs.TimeStampReq({ version: 1, messageImprint: new pkijs.MessageImprint({ hashAlgorithm, hashedMessage }) });
      const response = pkijs.TimeStampResp.fromBER(await answer(request, 'right', keys, certificates.right, at));
      return new Uint8Array(response.timeStampToken?.toSchema().toBER() ?? []);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

async function answer(
  request: pkijs.TimeStampReq,
  behaviour: Behaviour,
  keys: webcrypto.CryptoKeyPair,
  certificate: pkijs.Certificate,
  at = new Date(),
) {
  if (behaviour === 'refuses') {
    return new pkijs.TimeStampResp({ status: new pkijs.PKIStatusInfo({ status: pkijs.PKIStatus.rejection }) }).toSchema().toBER();
  }
  const { hashAlgorithm, hashedMessage } = request.messageImprint;
  const digest = Buffer.from(hashedMessage.valueBlock.valueHexView);
  if (behaviour === 'other imprint') digest[0] = (digest[0] ?? 0) ^ 1;
  const nonce = behaviour === 'other nonce' ? new asn1js.Integer({ value: 7 }) : request.nonce;
  const info = new pkijs.TSTInfo({
    version: 1,
    policy: '1.2.3.4.1',
    messageImprint: new pkijs.MessageImprint({ hashAlgorithm, hashedMessage: new asn1js.OctetString({ valueHex: digest }) }),
    serialNumber: new asn1js.Integer({ value: 1 }),
    genTime: behaviour === 'wrong time' ? new Date(at.getTime() - 3_600_000) : at,
    ...(nonce && { nonce }),
  });
  const content = info.toSchema().toBER();
  const signed = new pkijs.SignedData({
    version: 3,
    encapContentInfo: new pkijs.EncapsulatedContentInfo({
      eContentType: TST_INFO,
      eContent: new asn1js.OctetString({ valueHex: content }),
    }),
    signerInfos: [
      new pkijs.SignerInfo({
        version: 1,
        sid: new pkijs.IssuerAndSerialNumber({ issuer: certificate.issuer, serialNumber: certificate.serialNumber }),
        signedAttrs: new pkijs.SignedAndUnsignedAttributes({ type: 0, attributes: await signedAttributes(content, certificate) }),
      }),
    ],
    certificates: [certificate],
  });
  // Its constructor would cut the content into pieces, which BER allows and DER does not.
  signed.encapContentInfo.eContent = new asn1js.OctetString({ valueHex: content });
  await signed.sign(keys.privateKey, 0, 'SHA-256');
  const signature = signed.signerInfos[0]?.signature.valueBlock.valueHexView;
  // The last byte is of the signature's value, and not of the DER around it.
  if (behaviour === 'broken signature' && signature) signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
  return new pkijs.TimeStampResp({
    status: new pkijs.PKIStatusInfo({ status: pkijs.PKIStatus.granted }),
    timeStampToken: new pkijs.ContentInfo({ contentType: '1.2.840.113549.1.7.2', content: signed.toSchema(true) }),
  })
    .toSchema()
    .toBER();
}

/** Content type, digest and signing certificate (RFC 5816), in the order of DER. */
async function signedAttributes(content: ArrayBuffer, certificate: pkijs.Certificate): Promise<pkijs.Attribute[]> {
  const digest = await webcrypto.subtle.digest('SHA-256', content);
  const certificate_digest = await webcrypto.subtle.digest('SHA-256', certificate.toSchema(true).toBER());
  const octets = (valueHex: ArrayBuffer) => new asn1js.OctetString({ valueHex });
  const wrap = (value: asn1js.BaseBlock) => new asn1js.Sequence({ value: [value] });
  return [
    new pkijs.Attribute({ type: '1.2.840.113549.1.9.3', values: [new asn1js.ObjectIdentifier({ value: TST_INFO })] }),
    new pkijs.Attribute({ type: '1.2.840.113549.1.9.4', values: [octets(digest)] }),
    new pkijs.Attribute({ type: '1.2.840.113549.1.9.16.2.47', values: [wrap(wrap(wrap(octets(certificate_digest))))] }),
  ];
}

const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const USAGES: webcrypto.KeyUsage[] = ['sign', 'verify'];
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' };
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };
