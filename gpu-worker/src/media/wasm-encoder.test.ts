import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { makeClip } from './test-clip.ts';
import { openWasmEncoder } from './wasm-encoder.ts';

const SETTINGS = { width: 64, height: 64, fps: 8 };

test('aborted encodes say nothing on the console, keep no memory and do not disturb the next', async () => {
  const script = `
    const { openWasmEncoder } = await import('${new URL('./wasm-encoder.ts', import.meta.url)}');
    const { makeClip } = await import('${new URL('./test-clip.ts', import.meta.url)}');
    const settings = { width: 256, height: 256, fps: 8 };
    const clip = makeClip(settings, 0, 4);
    const encoder = openWasmEncoder();
    const before = await encoder.encode(clip, settings);
    const abortMany = async (count) => {
      for (let run = 0; run < count; run++) {
        const abort = new AbortController();
        const encoded = encoder.encode(clip, { ...settings, signal: abort.signal });
        setImmediate(() => setImmediate(() => abort.abort()));
        await encoded.then(() => { throw new Error('it was not aborted'); }, () => undefined);
      }
    };
    await abortMany(10);
    const rss = process.memoryUsage().rss;
    await abortMany(60);
    const grown = process.memoryUsage().rss - rss;
    const again = await encoder.encode(clip, settings);
    const same = again.samples.every(({ bytes }, at) => Buffer.compare(bytes, before.samples[at].bytes) === 0);
    process.stdout.write(JSON.stringify({ grown, same }));`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { timeout: 60_000 });
  assert.equal(stderr, '');
  const { grown, same } = JSON.parse(stdout);
  assert.equal(same, true);
  assert.ok(grown < 20e6, `${grown} bytes more`);
});

test('an encode that was aborted before it began throws the reason of the abort', async () => {
  const signal = AbortSignal.abort(new Error('the lease is lost'));
  await assert.rejects(openWasmEncoder().encode(makeClip(SETTINGS, 0, 2), { ...SETTINGS, signal }), /the lease is lost/);
});

test('a timer keeps firing while a long chunk is encoded', async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await openWasmEncoder()
    .encode(makeClip(SETTINGS, 0, 60), { ...SETTINGS, fps: 8 })
    .finally(() => clearInterval(timer));
  assert.ok(ticks >= 10, `${ticks} ticks`);
});

test('sides that are odd or too small are refused with the value', async () => {
  for (const [width, height] of [
    [65, 64],
    [64, 65],
    [14, 64],
  ] as const) {
    const frames = new Uint8Array(width * height * 3);
    await assert.rejects(openWasmEncoder().encode(frames, { width, height, fps: 8 }), new RegExp(`even sides.*${width}x${height}`));
  }
});

test('a short chunk and a long one have the same parameter sets', async () => {
  const encoder = openWasmEncoder();
  const long = await encoder.encode(makeClip(SETTINGS, 0, 24), SETTINGS);
  const short = await encoder.encode(makeClip(SETTINGS, 24, 1), SETTINGS);
  assert.deepEqual([short.sps, short.pps], [long.sps, long.pps]);
});
