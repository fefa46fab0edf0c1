import assert from 'node:assert/strict';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ascii, box, concat, u16, u32 } from './isobmff.ts';
import { readInitSegment, readSegmentIndex, type SegmentIndex } from './segment-reader.ts';
import { makeSegment } from './segmenter.ts';

const folder = await mkdtemp(join(tmpdir(), 'everframe-reader-'));
after(() => rm(folder, { recursive: true }));

const ENCODED = {
  sps: Uint8Array.of(0x67, 66, 0, 10),
  pps: Uint8Array.of(0x68, 0xce),
  samples: [5, 6, 7].map((length, at) => ({ bytes: new Uint8Array(length).fill(at), key: at === 0 })),
};
const PLACE = { width: 128, height: 96, fps: 8, chunk_index: 0, first_frame: 0 };
const { init, media } = makeSegment(ENCODED, PLACE);

test('a segment reads back as it was written', async () => {
  const index = await read(media);
  assert.deepEqual(
    { ...index, data_start: media.length - 18, data_end: media.length },
    {
      sequence_number: 1,
      decode_time: 0,
      frame_duration: 1000,
      sizes: [5, 6, 7],
      keys: [0],
      data_start: index.data_start,
      data_end: index.data_end,
    },
  );
});

test('an init segment of another size is other bytes, which is how a foreign encoder is noticed', () => {
  assert.deepEqual(makeSegment(ENCODED, { ...PLACE, chunk_index: 3, first_frame: 9 }).init, init);
  assert.notDeepEqual(makeSegment(ENCODED, { ...PLACE, width: 96 }).init, init);
});

test('an init segment with a field that this program does not write is refused', () => {
  assert.throws(() => readInitSegment(changed(init, 'mdhd', 4, 0)), /'mdhd' must have version 1/);
  assert.throws(() => readInitSegment(changed(init, 'avc1', 0, 0x68)), /must be 'avc1'; got 'hvc1'/);
  assert.throws(() => readInitSegment(box('moov', box('trak', box('mdia')))), /box 'mdhd'/);
  assert.throws(() => readInitSegment(new Uint8Array()), /box 'moov'/);
});

test('samples that lie elsewhere than the fragment says are refused', async () => {
  await assert.rejects(read(changed(media, 'trun', 15, 1)), /its samples begin at byte \d+, the content of its 'mdat' at \d+/);
});

test('frames without duration and samples without bytes are refused', async () => {
  const still = changed(changed(media, 'tfhd', 14, 0), 'tfhd', 15, 0);
  await assert.rejects(read(still), /without bytes or without duration/);
  const samples = [...ENCODED.samples, { bytes: new Uint8Array(), key: false }];
  await assert.rejects(read(makeSegment({ ...ENCODED, samples }, PLACE).media), /without bytes or without duration/);
});

test('a file of countless empty boxes is refused early', async () => {
  const empties = new Uint8Array(8 * 1_000_000);
  const one = box('free');
  for (let at = 0; at < empties.length; at += one.length) empties.set(one, at);
  await assert.rejects(read(empties), /more than 16 boxes/);
});

test("boxes nested to a great depth and a 'moof' beyond the limit are refused", async () => {
  let nested = box('traf');
  for (let depth = 0; depth < 2_000; depth++) nested = box('traf', nested);
  await assert.rejects(read(concat([box('moof', nested), box('mdat')])), /box 'tfhd' of moof\/traf\/tfhd is missing/);
  await assert.rejects(read(concat([u32(2 ** 31), ascii('moof')])), /claims 2147483648 bytes/);
  await assert.rejects(read(box('moof', new Uint8Array(9e6))), /at most 8388608 are read/);
  await assert.rejects(read(concat([media, media])), /more than one 'moof'/);
});

test('a segment cut off anywhere, or with any byte changed, is an error or an index within the file', async () => {
  for (let length = 0; length < media.length; length++) await assert.rejects(read(media.subarray(0, length)), Error, `${length} bytes`);
  for (let at = 0; at < media.length; at++) {
    const broken = Uint8Array.from(media);
    broken[at] = 255 - (broken[at] ?? 0);
    const index = await read(broken).catch((error: unknown) => assert.ok(error instanceof Error));
    if (index) assert.ok(index.data_end <= media.length && index.sizes.length <= 3, `byte ${at}`);
  }
});

test('numbers that do not fit their field are refused when written', () => {
  assert.throws(() => u16(65_536), /16 bits holds whole numbers below 2\^16; got 65536/);
  assert.throws(() => u32(2 ** 32), /32 bits/);
  assert.throws(() => u32(1.5), /got 1\.5/);
  assert.throws(() => makeSegment(ENCODED, { ...PLACE, fps: 7.9999 }), /got 7999\.9/);
});

async function read(bytes: Uint8Array): Promise<SegmentIndex> {
  const path = join(folder, 'segment.m4s');
  await writeFile(path, bytes);
  const file = await open(path);
  return readSegmentIndex(file).finally(() => file.close());
}

/** A copy with one byte set, counted from a box's type. */
function changed(bytes: Uint8Array, type: string, offset: number, value: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy[copy.indexOf(type) + offset] = value;
  return copy;
}
