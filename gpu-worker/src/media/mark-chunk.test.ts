/** The mark through real coding: our own encoder, then what is done to files that travel, with ffmpeg. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createMarkReader, fingerprintOf, joinCells, lumaOf } from '@everframe/shared/mark';
import { joinSegments } from './final-file.ts';
import { markChunk } from './mark-chunk.ts';
import { makeSegment } from './segmenter.ts';
import { makeClip, runFfmpeg } from './test-clip.ts';
import { openWasmEncoder } from './wasm-encoder.ts';

const ID = '5e1f00c0ffee';
const SIZE = { width: 128, height: 128 };
const CHUNK = 16;

const folder = await mkdtemp(join(tmpdir(), 'everframe-mark-'));
after(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

/** Four seconds in two segments, as a worker makes them. */
async function makeVideo(path: string, mark: string | undefined): Promise<void> {
  const paths: string[] = [];
  let init: Uint8Array | undefined;
  for (let chunk_index = 0; chunk_index < 2; chunk_index++) {
    const frames = makeClip(SIZE, chunk_index * CHUNK, CHUNK);
    await markChunk(frames, { ...SIZE, fps: 8, first_frame: chunk_index * CHUNK, mark });
    const made = makeSegment(await openWasmEncoder().encode(frames, { ...SIZE, fps: 8 }), {
      ...SIZE,
      fps: 8,
      chunk_index,
      first_frame: chunk_index * CHUNK,
    });
    paths.push(`${path}.${chunk_index}`);
    await writeFile(paths[chunk_index] as string, made.media);
    init = made.init;
  }
  await joinSegments(init as Uint8Array, paths, path);
}

before(async () => {
  await makeVideo(at('marked.mp4'), ID);
  await makeVideo(at('plain.mp4'), undefined);
});

async function readFile(path: string, { width, height } = SIZE): Promise<string | null> {
  const luma = await runFfmpeg(['-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'gray', '-vsync', '0', 'pipe:1']);
  const reader = createMarkReader(width, height);
  for (let frame = 0; frame < luma.length; frame += width * height) reader.add(luma.subarray(frame, frame + width * height));
  return reader.read().id;
}

const HALF = ['-c:v', 'libx264', '-preset', 'medium'];
const ATTACKS: readonly (readonly [name: string, args: readonly string[], size?: { width: number; height: number }])[] = [
  ['remuxed', ['-c', 'copy']],
  ['three seconds of it', ['-ss', '0.6', '-t', '3', ...HALF, '-crf', '20']],
  ['a tenth cropped away on each axis', ['-vf', 'crop=116:116:5:7', ...HALF, '-crf', '20'], { width: 116, height: 116 }],
  ['three quarters of its size', ['-vf', 'scale=96:96', ...HALF, '-crf', '20'], { width: 96, height: 96 }],
  ['three times its size', ['-vf', 'scale=384:384', ...HALF, '-crf', '20'], { width: 384, height: 384 }],
  ['another frame rate', ['-vf', 'fps=12', ...HALF, '-crf', '20']],
  ['mirrored', ['-vf', 'hflip', ...HALF, '-crf', '20']],
  ['half its bitrate', [...HALF, '-b:v', '40k']],
];

for (const [name, args, size] of ATTACKS) {
  test(`the identifier comes back from a file that was: ${name}`, async () => {
    const path = at(`${name.replaceAll(' ', '-')}.mp4`);
    await runFfmpeg(['-v', 'error', '-i', at('marked.mp4'), '-an', ...args, path]);
    assert.equal(await readFile(path, size), ID);
  });
}

test('the same video without a mark reads as none', async () => {
  assert.equal(await readFile(at('plain.mp4')), null);
});

test('the same chunk is the same bytes again, and parts give the fingerprint of the whole', async () => {
  const settings = { ...SIZE, fps: 8, mark: ID };
  const [whole, again] = [makeClip(SIZE, 0, 16), makeClip(SIZE, 0, 16)];
  const cells = await markChunk(whole, { ...settings, first_frame: 0 });
  assert.deepEqual(await markChunk(again, { ...settings, first_frame: 0 }), cells);
  assert.deepEqual(again, whole);
  const [head, tail] = [makeClip(SIZE, 0, 5), makeClip(SIZE, 5, 11)];
  const parts = [...(await markChunk(head, { ...settings, first_frame: 0 })), ...(await markChunk(tail, { ...settings, first_frame: 5 }))];
  assert.deepEqual(Buffer.concat([head, tail]), Buffer.from(whole));
  assert.equal(fingerprintOf(joinCells(parts)).length, 2);
  assert.notDeepEqual(lumaOf(whole.subarray(0, 49152), 3), lumaOf(makeClip(SIZE, 0, 1), 3));
});
