import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Encoder, findEncoders, pickEncoder } from './encoder.ts';
import { makeClip, TEST_FFMPEG_PATH } from './test-clip.ts';

const SIZE = { width: 128, height: 128 };
const encoders = await findEncoders({ ffmpeg_path: TEST_FFMPEG_PATH });

test('encoders that pass their trial are found, the preferred one first', () => {
  const software = [...encoders.keys()].filter((name) => name !== 'ffmpeg-nvenc');
  assert.deepEqual(software, ['ffmpeg-x264', 'wasm']);
});

test('a named ffmpeg that does not run stops the start', async () => {
  await assert.rejects(findEncoders({ ffmpeg_path: '/nowhere/ffmpeg' }), /FFMPEG_PATH names \/nowhere\/ffmpeg, which does not run/);
  await assert.rejects(findEncoders({ ffmpeg_path: '/bin/false' }), /FFMPEG_PATH names \/bin\/false/);
});

test('without an ffmpeg in the PATH there is still the encoder in WebAssembly', async (context) => {
  const { PATH } = process.env;
  context.after(() => {
    process.env.PATH = PATH;
  });
  process.env.PATH = '/nowhere';
  assert.deepEqual([...(await findEncoders({})).keys()], ['wasm']);
});

test('NVENC gets no small frames', () => {
  const named = (name: Encoder['name']): [Encoder['name'], Encoder] => [name, { name, encode: () => Promise.reject(new Error('unused')) }];
  const both = new Map([named('ffmpeg-nvenc'), named('ffmpeg-x264')]);
  assert.equal(pickEncoder(both, { width: 128, height: 256 }).name, 'ffmpeg-x264');
  assert.equal(pickEncoder(both, { width: 256, height: 256 }).name, 'ffmpeg-nvenc');
  assert.throws(() => pickEncoder(new Map([named('ffmpeg-nvenc')]), SIZE), /no encoder here takes frames of 128x128; have ffmpeg-nvenc/);
});

for (const name of ['ffmpeg-x264', 'wasm'] as const) {
  const encoder = encoders.get(name);
  if (!encoder) throw new Error(`${name} must work where tests run`);

  test(`${name}: a chunk has a sample for each frame, and only the first is a key frame`, async () => {
    const { samples } = await encoder.encode(makeClip(SIZE, 0, 24), { ...SIZE, fps: 8 });
    assert.deepEqual(
      samples.map(({ key }) => key),
      [true, ...Array<boolean>(23).fill(false)],
    );
  });

  test(`${name}: the same frames give the same bytes, whatever was encoded before or at once`, async () => {
    const clip = makeClip(SIZE, 48, 24);
    const [first, , again] = await Promise.all([
      encoder.encode(clip, { ...SIZE, fps: 8 }),
      encoder.encode(makeClip(SIZE, 0, 9), { ...SIZE, fps: 8 }),
      encoder.encode(clip, { ...SIZE, fps: 8 }),
    ]);
    assert.deepEqual(first, again);
  });

  test(`${name}: a chunk of one frame is encoded`, async () => {
    assert.equal((await encoder.encode(makeClip(SIZE, 0, 1), { ...SIZE, fps: 8 })).samples.length, 1);
  });

  test(`${name}: bytes that are no whole frames are refused`, async () => {
    await assert.rejects(encoder.encode(new Uint8Array(1000), { ...SIZE, fps: 8 }), /whole RGB frames of 128x128.*got 1000 bytes/);
    await assert.rejects(encoder.encode(new Uint8Array(0), { ...SIZE, fps: 8 }), /got 0 bytes/);
  });

  test(`${name}: an abort ends the work`, async () => {
    const abort = new AbortController();
    const encoded = encoder.encode(makeClip({ width: 256, height: 256 }, 0, 48), { width: 256, height: 256, fps: 8, signal: abort.signal });
    setImmediate(() => abort.abort());
    await assert.rejects(encoded, { name: 'AbortError' });
  });
}

test('memory is given back: 40 chunks by the encoder in WebAssembly need no more than the first few', async () => {
  const wasm = encoders.get('wasm');
  assert.ok(wasm);
  const clip = makeClip(SIZE, 0, 12);
  for (let chunk = 0; chunk < 5; chunk++) await wasm.encode(clip, { ...SIZE, fps: 8 });
  const before = process.memoryUsage();
  for (let chunk = 0; chunk < 35; chunk++) await wasm.encode(clip, { ...SIZE, fps: 8 });
  const grown = process.memoryUsage().rss - before.rss;
  assert.ok(grown < 40e6, `${grown} bytes more`);
});

test("loading the WebAssembly module leaves the process's handling of errors alone", () => {
  const listeners = process.listeners('unhandledRejection').map(String);
  assert.ok(!listeners.some((listener) => listener.includes('RuntimeError')), listeners.join('\n'));
});
