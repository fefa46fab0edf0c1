import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToSign, bytesToTimeStamp, decodeCoseSign1, encodeCoseSign1, protectedHeader, smallestSize } from './cose-sign1.ts';

const certificate = new Uint8Array(600).fill(1);
const protected_header = protectedHeader([certificate, new Uint8Array(500).fill(2)]);
const parts = { protected_header, signature: new Uint8Array(64).fill(7), time_stamp_token: new Uint8Array(300).fill(9) };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('the signed bytes are those of RFC 9052, section 4.4, and RFC 9360: written out by hand', () => {
  const header = protectedHeader([Uint8Array.of(0xaa)]);
  assert.equal(hex(header), 'a20126182141aa');
  assert.equal(hex(protectedHeader([Uint8Array.of(0xaa), Uint8Array.of(0xbb)])), 'a2012618218241aa41bb');
  // 84 6a "Signature1" 47 <header> 40 43 <claim>
  assert.equal(hex(bytesToSign(header, Uint8Array.of(1, 2, 3))), '846a5369676e61747572653147a20126182141aa4043010203');
  // 84 70 "CounterSignature" 47 <header> 40 43 (42 <signature>)
  const signed = { protected_header: header, signature: Uint8Array.of(5, 6) };
  assert.equal(hex(bytesToTimeStamp(signed)), '8470436f756e7465725369676e617475726547a20126182141aa4043420506');
  // d2 84 47 <header> a1 "pad" 41 00 f6 42 <signature>
  assert.equal(hex(encodeCoseSign1(signed, smallestSize(signed) + 1)), 'd28447a20126182141aaa1637061644100f6420506');
});

test('every size from the smallest on is met exactly, and what went in comes out', () => {
  const smallest = smallestSize(parts);
  const sizes = [...Array(600).keys(), ...[1000, 10_000, 65_000]].map((more) => smallest + more);
  for (const size of sizes) {
    const encoded = encodeCoseSign1(parts, size);
    assert.equal(encoded.length, size);
    const decoded = decodeCoseSign1(encoded);
    assert.equal(hex(decoded.protected_header), hex(protected_header));
    assert.equal(hex(decoded.signature), hex(parts.signature));
    assert.equal(hex(decoded.time_stamp_token ?? new Uint8Array(0)), hex(parts.time_stamp_token));
  }
  assert.throws(() => encodeCoseSign1(parts, smallest - 1), /does not fit/);
});

test('what is no COSE_Sign1 is refused', () => {
  for (const bytes of ['', '00', 'd280', 'd28440a04040ff', 'd28340a040', '8440a0f640', 'd28440a0f6', 'ff']) {
    assert.throws(() => decodeCoseSign1(Buffer.from(bytes, 'hex')), Error, bytes);
  }
});
