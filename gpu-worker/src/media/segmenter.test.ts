import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { findEncoders } from './encoder.ts';
import { joinSegments } from './final-file.ts';
import { rgbToI420 } from './pixels.ts';
import { readInitSegment, readSegmentIndex } from './segment-reader.ts';
import { makeSegment } from './segmenter.ts';
import { decodeFile, makeClip, makePatches, psnr, TEST_FFMPEG_PATH } from './test-clip.ts';

const WIDTH = 128;
const HEIGHT = 96;
const SIZE = { width: WIDTH, height: HEIGHT };
const FPS = 8;
const CHUNK_FRAMES = 12;

const folder = await mkdtemp(join(tmpdir(), 'everframe-segmenter-'));
after(() => rm(folder, { recursive: true }));
const encoders = await findEncoders({ ffmpeg_path: TEST_FFMPEG_PATH });

for (const name of ['ffmpeg-x264', 'wasm'] as const) {
  test(`${name}: six chunks by one process and three by each of two are the same bytes`, async () => {
    const [all, head, tail] = await Promise.all([
      segmentsByAnotherProcess(name, 0, 6),
      segmentsByAnotherProcess(name, 0, 3),
      segmentsByAnotherProcess(name, 3, 6),
    ]);
    assert.equal(all.length, 6);
    assert.deepEqual([...head, ...tail], all);
    assert.equal(new Set(all.map(({ init }) => init)).size, 1);
  });

  test(`${name}: segments in a row and the joined file decode to the same frames, close to what went in`, async () => {
    const { paths, init } = await writeSegments(name, 3);
    const glued = join(folder, `${name}-glued.mp4`);
    await writeFile(glued, Buffer.concat([init, ...(await Promise.all(paths.map((path) => readFile(path))))]));
    const joined = join(folder, `${name}-joined.mp4`);
    assert.equal((await joinSegments(init, paths, joined)).frames, 36);

    const frames = await decodeFile(joined, 'yuv420p');
    assert.equal(frames.length, 36 * WIDTH * HEIGHT * 1.5);
    assert.deepEqual(await decodeFile(glued, 'yuv420p'), frames);
    const quality = psnr(frames, i420(makeClip(SIZE, 0, 36)));
    assert.ok(quality > 44, `${quality} dB`);
  });

  test(`${name}: colours come back as they went in, by what the file says of itself`, async () => {
    const colours = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [128, 128, 128],
    ] as const;
    const { paths, init } = await writeSegments(name, 1, () => makePatches(SIZE, colours, CHUNK_FRAMES));
    const joined = join(folder, `${name}-patches.mp4`);
    await joinSegments(init, paths, joined);
    const frame = await decodeFile(joined, 'rgb24');
    for (const [patch, colour] of colours.entries()) {
      const at = ((HEIGHT / 2) * WIDTH + patch * 32 + 16) * 3;
      for (const [channel, value] of colour.entries()) {
        const got = frame[at + channel] ?? -1;
        assert.ok(Math.abs(got - value) <= 6, `colour ${colour}, channel ${channel}: ${got}`);
      }
    }
  });
}

test('a segment says by itself where it belongs', async () => {
  const { paths, init } = await writeSegments('wasm', 3);
  assert.deepEqual(
    { ...readInitSegment(init), avc_configuration: undefined },
    { width: WIDTH, height: HEIGHT, timescale: FPS * 1000, avc_configuration: undefined },
  );
  const file = await open(paths[2] ?? '');
  const index = await readSegmentIndex(file).finally(() => file.close());
  assert.equal(index.sequence_number, 3);
  assert.equal(index.decode_time, 24_000);
  assert.equal(index.frame_duration, 1000);
  assert.equal(index.sizes.length, CHUNK_FRAMES);
  assert.deepEqual(index.keys, [0]);
});

test('a chunk that does not begin with a key frame makes no segment', () => {
  const encoded = { sps: Uint8Array.of(0x67, 66, 0, 10), pps: Uint8Array.of(0x68), samples: [{ bytes: Uint8Array.of(1), key: false }] };
  assert.throws(() => makeSegment(encoded, { ...SIZE, fps: FPS, chunk_index: 4, first_frame: 0 }), /chunk 4 must begin with a key frame/);
});

async function writeSegments(
  name: 'ffmpeg-x264' | 'wasm',
  chunks: number,
  clip = (first: number) => makeClip(SIZE, first, CHUNK_FRAMES),
): Promise<{ paths: string[]; init: Uint8Array }> {
  const encoder = encoders.get(name);
  if (!encoder) throw new Error(`${name} must work where tests run`);
  const paths: string[] = [];
  let init = new Uint8Array();
  for (let chunk_index = 0; chunk_index < chunks; chunk_index++) {
    const first_frame = chunk_index * CHUNK_FRAMES;
    const encoded = await encoder.encode(clip(first_frame), { ...SIZE, fps: FPS });
    const segment = makeSegment(encoded, { ...SIZE, fps: FPS, chunk_index, first_frame });
    const path = join(await mkdtemp(join(folder, 'segments-')), `${chunk_index}.m4s`);
    await writeFile(path, segment.media);
    paths.push(path);
    init = Uint8Array.from(segment.init);
  }
  return { paths, init };
}

/** Base64 of the segments of chunks [from, to), encoded by a process of their own. */
async function segmentsByAnotherProcess(name: string, from: number, to: number): Promise<{ init: string; media: string }[]> {
  const script = `
    const { findEncoders } = await import('${new URL('./encoder.ts', import.meta.url)}');
    const { makeSegment } = await import('${new URL('./segmenter.ts', import.meta.url)}');
    const { makeClip } = await import('${new URL('./test-clip.ts', import.meta.url)}');
    const size = { width: ${WIDTH}, height: ${HEIGHT} };
    const encoder = (await findEncoders({ ffmpeg_path: '${TEST_FFMPEG_PATH}' })).get('${name}');
    const made = [];
    for (let chunk_index = ${from}; chunk_index < ${to}; chunk_index++) {
      const first_frame = chunk_index * ${CHUNK_FRAMES};
      const encoded = await encoder.encode(makeClip(size, first_frame, ${CHUNK_FRAMES}), { ...size, fps: ${FPS} });
      const { init, media } = makeSegment(encoded, { ...size, fps: ${FPS}, chunk_index, first_frame });
      made.push({ init: Buffer.from(init).toString('base64'), media: Buffer.from(media).toString('base64') });
    }
    process.stdout.write(JSON.stringify(made));`;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { maxBuffer: 64e6, timeout: 60_000 });
  return JSON.parse(stdout);
}

function i420(clip: Uint8Array): Uint8Array {
  const frameBytes = WIDTH * HEIGHT * 3;
  const frames = Array.from({ length: clip.length / frameBytes }, (_, frame) =>
    rgbToI420(clip.subarray(frame * frameBytes, (frame + 1) * frameBytes), WIDTH, HEIGHT),
  );
  return Buffer.concat(frames);
}
