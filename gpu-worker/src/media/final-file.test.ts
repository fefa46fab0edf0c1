import assert from 'node:assert/strict';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { addSegment, emptyIndex, finalFileHeader, joinSegments } from './final-file.ts';
import { boxReader, findBox, readBoxes } from './isobmff.ts';
import { readInitSegment } from './segment-reader.ts';
import { makeSegment } from './segmenter.ts';

const folder = await mkdtemp(join(tmpdir(), 'everframe-final-file-'));
after(() => rm(folder, { recursive: true }));

test('the index stands before the samples, and its offsets point at them', async () => {
  const { init, paths } = await writeSegments(3, 4, 100);
  const out = join(folder, 'front.mp4');
  const { frames, bytes } = await joinSegments(init, paths, out);
  const file = await readFile(out);
  assert.equal(frames, 12);
  assert.equal(bytes, file.length);
  assert.deepEqual(
    [...readBoxes(file)].map(({ type }) => type),
    ['ftyp', 'moov', 'mdat'],
  );

  const table = (type: string) => boxReader(file, findBox(file, ['moov', 'trak', 'mdia', 'minf', 'stbl', type]));
  for (const chunk of [0, 1, 2]) {
    const offset = table('stco').u32(8 + chunk * 4);
    assert.deepEqual([...file.subarray(offset, offset + 400)], Array(400).fill(chunk), `chunk ${chunk}`);
  }
  assert.deepEqual(
    [0, 1, 2].map((key) => table('stss').u32(8 + key * 4)),
    [1, 5, 9],
  );
  assert.equal(table('stsz').u32(8), 12);
});

test('a last chunk that is shorter gets its own row of the sample-to-chunk table', async () => {
  const { init, paths } = await writeSegments(2, 4, 10);
  const last = join(folder, 'short.m4s');
  await writeFile(last, syntheticSegment(2, 8, 3, 10).media);
  const out = join(folder, 'short.mp4');
  assert.equal((await joinSegments(init, [...paths, last], out)).frames, 11);
  const file = await readFile(out);
  const table = boxReader(file, findBox(file, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsc']));
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((field) => table.u32(4 + field * 4)),
    [2, 1, 4, 1, 3, 3, 1],
  );
});

test('200 segments of a megabyte are joined in flat memory', async () => {
  const { init, paths } = await writeSegments(200, 4, 262_144);
  const before = process.memoryUsage().rss;
  let highest = before;
  const watch = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage().rss);
  }, 5);
  const { frames, bytes } = await joinSegments(init, paths, join(folder, 'long.mp4')).finally(() => clearInterval(watch));
  assert.equal(frames, 800);
  assert.ok(bytes > 200 * 1_048_576);
  assert.ok(highest - before < 80e6, `${highest - before} bytes more for a file of ${bytes}`);
});

test('beyond four gigabytes offsets have 64 bits', () => {
  const track = readInitSegment(syntheticSegment(0, 0, 1, 1).init);
  const index = emptyIndex();
  const gigabyte = 2 ** 30;
  for (let chunk = 0; chunk < 6; chunk++) {
    addSegment(index, {
      sequence_number: chunk + 1,
      decode_time: chunk * 1000,
      frame_duration: 1000,
      sizes: [gigabyte],
      keys: [0],
      data_start: 0,
      data_end: gigabyte,
    });
  }
  const header = finalFileHeader(track, index);
  const stbl = ['moov', 'trak', 'mdia', 'minf', 'stbl'];
  // The samples are not there, so only the boxes before them can be walked.
  const movie = header.subarray(0, header.length - 16);
  const table = boxReader(movie, findBox(movie, [...stbl, 'co64']));
  assert.equal(table.u64(8), header.length);
  assert.equal(table.u64(8 + 5 * 8), header.length + 5 * gigabyte);
  assert.equal(new DataView(header.buffer).getBigUint64(header.length - 8), BigInt(6 * gigabyte + 16));
});

test('segments out of order, missing or damaged are named, and leave no file', async () => {
  const { init, paths } = await writeSegments(3, 4, 100);
  const out = join(folder, 'refused.mp4');
  const [first = '', second = '', third = ''] = paths;
  const whole = await readFile(second);
  const damaged = async (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
  };
  const cases: [paths: string[], message: RegExp][] = [
    [[], /at least one segment/],
    [[first, third], /2\.m4s can't be joined: it must be number 2 at time 4000; it is 3 at 8000/],
    [[first, await damaged('cut.m4s', whole.subarray(0, 300))], /cut\.m4s can't be joined: box 'mdat' at byte \d+ claims 408 bytes/],
    [[first, await damaged('empty.m4s', new Uint8Array())], /empty\.m4s can't be joined: it has no 'moof'/],
    [[first, await damaged('junk.m4s', new Uint8Array(64).fill(0xff))], /junk\.m4s can't be joined: box/],
    [[first, await damaged('count.m4s', withByte(whole, whole.indexOf('trun') + 11, 200))], /box 'trun' at byte \d+ is cut off/],
    [[first, await damaged('flags.m4s', withByte(whole, whole.indexOf('trun') + 7, 9))], /only .* are written here/],
    [[first, await damaged('size.m4s', withByte(whole, whole.indexOf('trun') + 19, 9))], /its samples have 309 bytes, its 'mdat' has 400/],
  ];
  for (const [list, message] of cases) {
    await assert.rejects(joinSegments(init, list, out), message);
    await assert.rejects(access(out));
  }
  await assert.rejects(joinSegments(init.subarray(0, 40), paths, out), /box 'moov' at byte \d+ claims/);
});

/** Samples are filled with the number of their chunk. */
function syntheticSegment(chunk_index: number, first_frame: number, frames: number, sampleBytes: number) {
  const bytes = new Uint8Array(sampleBytes).fill(chunk_index);
  const samples = Array.from({ length: frames }, (_, frame) => ({ bytes, key: frame === 0 }));
  const encoded = { sps: Uint8Array.of(0x67, 66, 0, 10), pps: Uint8Array.of(0x68, 0xce), samples };
  return makeSegment(encoded, { width: 128, height: 128, fps: 8, chunk_index, first_frame });
}

async function writeSegments(chunks: number, frames: number, sampleBytes: number): Promise<{ init: Uint8Array; paths: string[] }> {
  const into = await mkdtemp(join(folder, 'segments-'));
  const paths: string[] = [];
  for (let chunk = 0; chunk < chunks; chunk++) {
    const path = join(into, `${chunk}.m4s`);
    await writeFile(path, syntheticSegment(chunk, chunk * frames, frames, sampleBytes).media);
    paths.push(path);
  }
  return { init: syntheticSegment(0, 0, frames, sampleBytes).init, paths };
}

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = value;
  return changed;
}
