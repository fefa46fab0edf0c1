/** `everframe generate` as a person runs it against a running service: what it says, what it saves, and what Ctrl-C does. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';
import { verify } from './independent-verifier.ts';

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
/** The id of a video as the program names it. */
const ID = /video_\w+/;

let harness: Harness;
let folder: string;
const started: Command[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everframe-generate-'));
  harness = await startHarness();
});
after(async () => {
  for (const { child } of started) if (child.exitCode === null) child.kill('SIGKILL');
  await harness?.stop();
  await rm(folder, { recursive: true, force: true });
});

class Command {
  readonly child: ChildProcess;
  #out = '';
  #err = '';
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;

  constructor(...args: string[]) {
    const all = [MAIN, 'generate', ...args, '--url', harness.stack.url, '--api-key', harness.stack.api_key];
    this.child = spawn(process.execPath, all, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
    });
    this.ended = once(this.child, 'close').then(([code]) => ({ code, out: this.#out, err: this.#err }));
    started.push(this);
  }

  /** Resolves once it has said so. */
  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const [found] = pattern.exec(this.#err) ?? [];
      if (found !== undefined) return found;
      const more = await Promise.race([once(this.child.stderr as NodeJS.ReadableStream, 'data'), this.ended.then(() => undefined)]);
      if (!more && !pattern.test(this.#err)) assert.fail(`it ended without saying ${pattern}: ${this.#err}`);
    }
  }
}

test('what the model does not know is said before anything is waited for, and the file and its thumbnail are saved', async () => {
  const command = new Command('a corgi on a skateboard in tokyo', '--seconds', '1', '--out', 'new/a.mp4', '--thumbnail', 'new/a.jpg');
  const { code, out, err } = await command.ended;
  assert.equal(code, 0, err);
  assert.match(err, /Warning: everframe-storybook-1 never met these words in training and may ignore them: .*skateboard/);
  assert.match(err, /models\/README\.md#what-it-knows/);
  assert.ok(err.indexOf('Warning:') < err.search(/Waiting for a worker|frames/), err);
  for (const name of ['a.mp4', 'a.jpg']) assert.ok(out.includes(join(folder, 'new', name)), out);
  assert.ok(!out.includes(harness.stack.api_key) && !err.includes(harness.stack.api_key), 'the key is not shown');
  for (const [name, type] of [
    ['a.mp4', 'video/mp4'],
    ['a.jpg', 'image/jpeg'],
  ] as const) {
    const bytes = await readFile(join(folder, 'new', name));
    assert.equal((await verify(bytes, type, await harness.trustAnchors())).state, 'Trusted');
  }
});

test('--json is one line with the file, its verdict and the warnings', async () => {
  const { code, out, err } = await new Command('a corgi', '--seconds', '1', '--out', 'b.mp4', '--json').ended;
  assert.equal(code, 0, err);
  const { file, verdict, warnings, seconds } = JSON.parse(out);
  // A service that is named by its address is nobody that this machine vouches for.
  assert.deepEqual([file, verdict, seconds], [join(folder, 'b.mp4'), 'unknown_signer', '1']);
  assert.deepEqual(
    warnings.map(({ code }: { code: string }) => code),
    ['near_words'],
  );
});

test('Ctrl-C ends a video of many seconds, and what was made of it is saved and signed', async () => {
  const command = new Command('a red balloon rises over the sea', '--seconds', '120', '--out', 'c.mp4');
  const id = await command.says(ID);
  await harness.event(id, 'committed', 1);
  command.child.kill('SIGINT');
  const { code, err } = await command.ended;
  assert.equal(code, 0, err);
  assert.match(err, /Ending the video with the \d+ frames that are made.*Ctrl-C again leaves at once: the service finishes the video/);
  const { frames } = await decodeVideo(join(folder, 'c.mp4'));
  assert.ok(frames > 0 && frames < 120 * 8, `${frames} frames`);
  assert.equal((await verify(await readFile(join(folder, 'c.mp4')), 'video/mp4', await harness.trustAnchors())).state, 'Trusted');
});

test('after the first Ctrl-C an endless video says that it ends, and no more how it is ended', async () => {
  const command = new Command('a red balloon', '--seconds', 'endless', '--out', 'd.mp4');
  const id = await command.says(ID);
  await harness.event(id, 'committed', 1);
  await command.says(/Ctrl-C ends and saves the video/);
  command.child.kill('SIGINT');
  const { code, err } = await command.ended;
  assert.equal(code, 0, err);
  const [, behind = ''] = err.split('Ctrl-C again');
  assert.match(behind, /Ending the video: \d+ frames/);
  assert.doesNotMatch(behind, /Ctrl-C ends and saves/);
});

test('a video that waits says behind what; Ctrl-C deletes it, since nothing is made of it, and --stop ends the other', async () => {
  const endless = new Command('a red balloon', '--seconds', 'endless', '--out', 'e.mp4');
  const first = await endless.says(ID);
  await harness.event(first, 'committed', 1);
  const waiting = new Command('a penguin', '--seconds', '1', '--out', 'f.mp4');
  const id = await waiting.says(ID);
  const line = await waiting.says(/Before it: .*\n/);
  assert.match(line, new RegExp(`${first} is being made and endless, .*npm run video -- --url ${harness.stack.url} --stop ${first}`));
  waiting.child.kill('SIGINT');
  const ended = await waiting.ended;
  assert.equal(ended.code, 130, ended.err);
  assert.match(ended.err, /Stopped before a frame was made, and the video deleted\./);
  await assert.rejects(harness.client.videos.retrieve(id), /404/);

  const stopped = await new Command('--stop', first).ended;
  assert.equal(stopped.code, 0, stopped.err);
  assert.match(stopped.out, new RegExp(`^${first} ends with the \\d+ frames`));
  const { code, err } = await endless.ended;
  assert.equal(code, 0, err);
  assert.ok((await readFile(join(folder, 'e.mp4'))).length > 1000);
});
