import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ascii, box, boxReader, concat, findBox, fullBox, readBoxes, u16, u32, u64 } from './isobmff.ts';

test('boxes read back as they were written', () => {
  const file = concat([
    box('ftyp', ascii('iso6')),
    box('moov', fullBox('mvhd', 1, 0x000203, u64(2 ** 40 + 5), u16(0xfffe), u32(2 ** 32 - 1))),
  ]);
  assert.deepEqual(
    [...readBoxes(file)].map(({ type, at, end }) => [type, at, end]),
    [
      ['ftyp', 0, 12],
      ['moov', 12, file.length],
    ],
  );
  const field = boxReader(file, findBox(file, ['moov', 'mvhd']));
  assert.equal(field.u32(0), 0x01000203);
  assert.equal(field.u64(4), 2 ** 40 + 5);
  assert.equal(field.u16(12), 0xfffe);
  assert.equal(field.u32(14), 2 ** 32 - 1);
});

test('sizes of 64 bits and "to the end" are understood', () => {
  const large = concat([u32(1), ascii('mdat'), u64(19), [1, 2, 3]]);
  const open = concat([u32(0), ascii('mdat'), [1, 2, 3, 4]]);
  assert.deepEqual(
    [...readBoxes(concat([large, open]))].map(({ start, end }) => end - start),
    [3, 4],
  );
});

test('a box that claims more or less than there is, is named', () => {
  assert.throws(() => [...readBoxes(concat([u32(100), ascii('moov')]))], /box 'moov' at byte 0 claims 100 bytes; it may have 8 to 8/);
  assert.throws(() => [...readBoxes(concat([u32(4), ascii('free')]))], /claims 4 bytes/);
  assert.throws(() => [...readBoxes(concat([u32(1), ascii('mdat'), u32(0)]))], /header of 16 bytes; 12 are left/);
  assert.throws(() => [...readBoxes(Uint8Array.of(0, 0, 0))], /header of 8 bytes; 3 are left/);
});

test('a missing box and a field beyond its box are named', () => {
  const file = box('moov', box('trak', box('tkhd')));
  assert.throws(() => findBox(file, ['moov', 'trak', 'mdia']), /box 'mdia' of moov\/trak\/mdia/);
  assert.throws(() => boxReader(file, findBox(file, ['moov', 'trak'])).u32(5), /box 'trak' at byte 8 is cut off: it has no 4 bytes at 5/);
});
