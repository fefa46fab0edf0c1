import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseByteStream, splitByteStream } from './annex-b.ts';

const DELIMITER = [0, 0, 0, 1, 0x09, 0xf0];
const SPS = [0, 0, 0, 1, 0x67, 0x42, 0x00, 0x0a, 0xa6];
const PPS = [0, 0, 0, 1, 0x68, 0xce];
const SEI = [0, 0, 1, 0x06, 0x05, 0x01, 0xff];
const IDR = [0, 0, 1, 0x65, 0x11, 0x00, 0x00, 0x03, 0x01];
const SLICE = [0, 0, 1, 0x41, 0x22];

test('units are cut at start codes of three and four bytes, and lose the zeros before the next', () => {
  const units = splitByteStream(Uint8Array.from([...SPS, 0, 0, ...PPS, ...SLICE]));
  assert.deepEqual(
    units.map((unit) => [...unit]),
    [SPS.slice(4), PPS.slice(4), SLICE.slice(3)],
  );
});

test('a sample is one picture: its slices with lengths in front, nothing else', () => {
  const stream = [...DELIMITER, ...SPS, ...PPS, ...SEI, ...IDR, ...IDR, ...DELIMITER, ...SLICE];
  const { sps, pps, samples } = parseByteStream(Uint8Array.from(stream));
  assert.deepEqual([...sps], SPS.slice(4));
  assert.deepEqual([...pps], PPS.slice(4));
  assert.deepEqual(
    samples.map(({ key, bytes }) => ({ key, bytes: [...bytes] })),
    [
      { key: true, bytes: [0, 0, 0, 6, ...IDR.slice(3), 0, 0, 0, 6, ...IDR.slice(3)] },
      { key: false, bytes: [0, 0, 0, 2, ...SLICE.slice(3)] },
    ],
  );
});

test('a stream without parameter sets is refused', () => {
  assert.throws(() => parseByteStream(Uint8Array.from([...DELIMITER, ...IDR])), /no parameter sets/);
});
