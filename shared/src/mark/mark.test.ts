import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mulberry32 } from '../testing/mulberry32.ts';
import { decodeId, encodeId } from './code.ts';
import { createMarker, createMarkReader, lumaOf } from './index.ts';

const SIZE = { width: 128, height: 128 };
const ID = '5e1f00c0ffee';

/** A sky over a meadow with a disc that moves, and a grain that moves with it. */
function frame(index: number): Uint8Array {
  const next = mulberry32(index);
  const { width, height } = SIZE;
  const pixels = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const inside = Math.hypot(x - 40 - index * 2, y - 70) < 20;
    const colour = inside ? [200, 60, 50] : y < 80 ? [120 + y / 2, 180, 230] : [90, 160, 70];
    for (const [channel, value] of colour.entries()) pixels[pixel * 3 + channel] = value + next() * 4;
  }
  return pixels;
}

function read(frames: readonly Uint8Array[]) {
  const reader = createMarkReader(SIZE.width, SIZE.height);
  for (const pixels of frames) reader.add(lumaOf(pixels, 3));
  return reader.read();
}

test('an identifier comes back through the code, with an eighth of its signs turned', () => {
  const next = mulberry32(1);
  for (let round = 0; round < 20; round++) {
    const id = Array.from({ length: 12 }, () => Math.floor(next() * 16).toString(16)).join('');
    const soft = Float32Array.from(encodeId(id), (sign) => (next() < 0.125 ? -sign : sign));
    assert.equal(decodeId(soft), id);
  }
});

test('what no identifier was written into decodes to none', () => {
  const next = mulberry32(2);
  const soft = Float32Array.from({ length: 288 }, () => next() - 0.5);
  assert.equal(decodeId(soft), undefined);
});

test('a text that is no identifier is refused', () => {
  assert.throws(() => createMarker('5E1F00C0FFEE', 128, 128), /twelve|12 lower-case hex digits/);
  assert.throws(() => createMarker(ID, 128, 128).embed(new Uint8Array(5)), /49152 bytes/);
});

test('the mark is read from twelve frames, hides above 42 dB, and is the same bytes each time', () => {
  const plain = Array.from({ length: 12 }, (_, index) => frame(index));
  const marked = plain.map((pixels) => Uint8Array.from(pixels));
  createMarker(ID, 128, 128).embed(marked[0] as Uint8Array);
  const together = Buffer.concat(plain);
  createMarker(ID, 128, 128).embed(together);
  assert.deepEqual(together.subarray(0, 49152), Buffer.from(marked[0] as Uint8Array), 'a frame is marked without knowledge of others');
  for (const pixels of marked.slice(1)) createMarker(ID, 128, 128).embed(pixels);

  const { id, certainty } = read(marked);
  assert.equal(id, ID);
  assert.ok(certainty > 15, `certainty ${certainty}`);
  let squares = 0;
  for (const [index, pixels] of marked.entries())
    for (const [at, value] of pixels.entries()) squares += (value - (plain[index]?.[at] ?? 0)) ** 2;
  const psnr = 10 * Math.log10(255 ** 2 / (squares / (12 * 49152)));
  assert.ok(psnr >= 42, `${psnr} dB`);
});

test('unmarked frames and noise read as none', () => {
  assert.equal(read(Array.from({ length: 12 }, (_, index) => frame(index))).id, null);
  const next = mulberry32(3);
  assert.equal(read([Uint8Array.from({ length: 49152 }, () => next() * 256)]).id, null);
  assert.equal(read([new Uint8Array(49152)]).id, null);
  assert.equal(read([]).id, null);
});

test('two marks over each other do not read as a third', () => {
  const frames = Array.from({ length: 12 }, (_, index) => frame(index));
  for (const id of [ID, '0123456789ab']) for (const pixels of frames) createMarker(id, 128, 128, 0.7).embed(pixels);
  assert.ok([ID, '0123456789ab', null].includes(read(frames).id));
});
