import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findEncoders } from './encoder.ts';
import { openFfmpegEncoder } from './ffmpeg-encoder.ts';
import { makeClip, TEST_FFMPEG_PATH } from './test-clip.ts';

const SETTINGS = { width: 64, height: 64, fps: 8 };
const clip = makeClip(SETTINGS, 0, 8);

const folder = await mkdtemp(join(tmpdir(), 'everframe-ffmpeg-'));
after(() => rm(folder, { recursive: true }));

test('an aborted encode ends with the reason of the abort, and its process is gone by then', async () => {
  const pid_path = join(folder, 'pid');
  const path = await program('waiting', `echo $$ > ${pid_path}.new; mv ${pid_path}.new ${pid_path}; exec sleep 600`);
  const abort = new AbortController();
  const encoded = openFfmpegEncoder('ffmpeg-x264', path).encode(clip, { ...SETTINGS, signal: abort.signal });
  const pid = await pidIn(pid_path);
  abort.abort(new Error('the lease is lost'));
  await assert.rejects(encoded, /the lease is lost/);
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('an encode that was aborted before it began starts no process', async () => {
  const started = join(folder, 'started');
  const path = await program('unwanted', `echo > ${started}`);
  await assert.rejects(openFfmpegEncoder('ffmpeg-x264', path).encode(clip, { ...SETTINGS, signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
  await assert.rejects(readFile(started), { code: 'ENOENT' });
});

test('an ffmpeg that fails is quoted, with its status', async () => {
  const path = await program('failing', 'echo "no such codec on this machine" >&2; exit 3');
  await assert.rejects(
    openFfmpegEncoder('ffmpeg-x264', path).encode(clip, SETTINGS),
    /ffmpeg ended with status 3: no such codec on this machine/,
  );
});

test('an ffmpeg that says a great deal is quoted with the end of it', async () => {
  const path = await program('wordy', 'head -c 5000000 /dev/zero | tr "\\0" "x" >&2; echo " the end" >&2; exit 1');
  await assert.rejects(openFfmpegEncoder('ffmpeg-x264', path).encode(clip, SETTINGS), (error: Error) => {
    assert.match(error.message, /x the end$/);
    assert.ok(error.message.length < 2_100, `${error.message.length} characters`);
    return true;
  });
});

test('an ffmpeg that gives too few pictures is not believed', async () => {
  const path = await program('short', `head -c ${3 * 64 * 96} | exec ${TEST_FFMPEG_PATH} "$@"`);
  await assert.rejects(
    openFfmpegEncoder('ffmpeg-x264', path).encode(clip, SETTINGS),
    /ffmpeg must give 8 pictures, the first a key frame; it gave 3/,
  );
});

test('an ffmpeg that is gone is an error that names it, and leaves no timer behind', async () => {
  const before = process.getActiveResourcesInfo();
  await assert.rejects(openFfmpegEncoder('ffmpeg-x264', join(folder, 'gone')).encode(clip, SETTINGS), /spawn .*gone ENOENT/);
  await assert.rejects(findEncoders({ ffmpeg_path: join(folder, 'gone') }), /which does not run/);
  const timers = (names: string[]) => names.filter((name) => name === 'Timeout').length;
  assert.equal(timers(process.getActiveResourcesInfo()), timers(before));
});

test('a named program that runs but encodes nothing stops the start; found in the PATH it is passed over', async (context) => {
  const path = await program('ffmpeg', 'exit 0');
  await assert.rejects(findEncoders({ ffmpeg_path: path }), (error: Error) => {
    assert.match(error.message, /FFMPEG_PATH names .*, which has neither h264_nvenc nor libx264 in working order/);
    assert.match((error.cause as Error).message, /no parameter sets/);
    return true;
  });
  const { PATH } = process.env;
  context.after(() => {
    process.env.PATH = PATH;
  });
  process.env.PATH = `${folder}:${PATH}`;
  assert.deepEqual([...(await findEncoders({})).keys()], ['wasm']);
});

test('sides that are odd or too small are refused before a process is started', async () => {
  const encoder = openFfmpegEncoder('ffmpeg-x264', join(folder, 'gone'));
  for (const [width, height] of [
    [65, 64],
    [64, 65],
    [14, 64],
    [Number.NaN, 64],
  ] as const) {
    await assert.rejects(encoder.encode(new Uint8Array(65 * 65 * 3), { width, height, fps: 8 }), /even sides|whole RGB frames/);
  }
});

async function program(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

async function pidIn(path: string): Promise<number> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text) return Number(text);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
