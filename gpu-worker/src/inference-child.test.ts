/** The life of the child that owns the networks: how it starts, is interrupted, killed, watched over and closed. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InferenceError, startInference } from './inference-process.ts';
import { PackageError } from './model/model-config.ts';
import { commandFor, copyPackage, framesOf, optionsFor, SHIPPED } from './testing/shipped-model.ts';
import { assertYoungHeapStaysSmall } from './testing/young-heap.ts';

const packages_dir = await copyPackage();
const OPTIONS = optionsFor(packages_dir);
const inference = await startInference(OPTIONS);
after(async () => {
  await inference.close();
  await rm(packages_dir, { recursive: true });
});

const never = new AbortController().signal;

async function countChunks(frames: number): Promise<number> {
  let chunks = 0;
  for await (const _chunk of inference.generate(commandFor(frames), {}, never)) chunks++;
  return chunks;
}

/** Starts a video that no test waits to the end of, and returns its first chunk's stream. */
async function beginLong(on = inference) {
  const chunks = on.generate(commandFor(framesOf(100)), {}, never);
  await chunks.next();
  return chunks;
}

test('an abort stops a chunk between two steps with the reason of the signal, and the child stays', async (t) => {
  // Minutes of steps: only an abort that reaches the child can end the chunk before the child would be killed for it.
  const slow_dir = await copyPackage(10_000);
  t.after(() => rm(slow_dir, { recursive: true }));
  const slow = await startInference({ ...OPTIONS, packages_dir: slow_dir });
  const { pid } = slow;
  const abort = new AbortController();
  const chunks = slow.generate(commandFor(8), {}, abort.signal);
  const next = chunks.next();
  const reason = new Error('lease lost');
  setTimeout(() => abort.abort(reason), 300);
  await assert.rejects(next, reason);
  assert.equal(slow.pid, pid);
  assert.deepEqual(await chunks.next(), { value: undefined, done: true });
  await slow.close();
});

test('a video that was aborted before it began does nothing', async () => {
  const reason = new Error('too late');
  await assert.rejects(inference.generate(commandFor(8), {}, AbortSignal.abort(reason)).next(), reason);
});

test('a consumer that stops early leaves nothing behind', async () => {
  const { pid } = inference;
  for await (const chunk of inference.generate(commandFor(framesOf(100)), {}, never)) {
    assert.equal(chunk.chunk_index, 0);
    break;
  }
  assert.equal(await countChunks(8), 1);
  assert.equal(inference.pid, pid);
});

test('a child that is killed fails the call in flight as retryable, and the next video has a new one', async () => {
  const { pid } = inference;
  assert.ok(pid);
  const next = (await beginLong()).next();
  process.kill(pid, 'SIGKILL');
  await assert.rejects(next, (error) => {
    assert.ok(error instanceof InferenceError && error.retryable);
    assert.match(error.message, /ended with signal SIGKILL/);
    return true;
  });
  assert.equal(await countChunks(8), 1);
  assert.notEqual(inference.pid, pid);
});

test('a child that hangs is killed by the watchdog, and the next video has a new one', async () => {
  const watched = await startInference({ ...OPTIONS, chunk_timeout_ms: 15_000 });
  const { pid } = watched;
  assert.ok(pid);
  const chunks = await beginLong(watched);
  process.kill(pid, 'SIGSTOP');
  // The second chunk may have been ready already.
  const rest = (async () => {
    await chunks.next();
    await chunks.next();
  })();
  await assert.rejects(rest, (error) => {
    assert.ok(error instanceof InferenceError && error.retryable);
    assert.match(error.message, /did not answer 'next' within 15000 ms/);
    return true;
  });
  await beginLong(watched);
  assert.notEqual(watched.pid, pid);
  await watched.close();
});

test('loading the networks is not held to the limit of a chunk', async () => {
  const hurried = await startInference({ ...OPTIONS, chunk_timeout_ms: 1 });
  await hurried.close();
});

test('a parent that is killed leaves no child', async () => {
  const script = `
    const { startInference } = await import(${JSON.stringify(new URL('./inference-process.ts', import.meta.url))});
    await startInference(${JSON.stringify(OPTIONS)});
    process.send('ready');`;
  const parent = fork('--input-type=module', ['--eval', script], { execArgv: [], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  await new Promise((resolve) => parent.once('message', resolve));
  parent.kill('SIGKILL');
  // Standard output is shared with the grandchild: it closes when the last of them is gone.
  await new Promise((resolve) => parent.once('close', resolve));
});

test('what passes through the heap of the child does not make it larger', async (t) => {
  const before = process.env.NODE_OPTIONS;
  t.after(() => {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
  });
  await assertYoungHeapStaysSmall(async (node_options) => {
    process.env.NODE_OPTIONS = node_options;
    await (await startInference(OPTIONS)).close();
  });
});

test('a long life of one signal gathers no listeners on it', async () => {
  const { signal } = new AbortController();
  for (let video = 0; video < 3; video++) {
    for await (const _chunk of inference.generate(commandFor(framesOf(2)), {}, signal)) {
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    }
  }
});

test('a package with a damaged file stops the start, naming the file', async (t) => {
  const damaged = await copyPackage();
  t.after(() => rm(damaged, { recursive: true }));
  const path = join(damaged, SHIPPED, 'denoiser.onnx');
  await truncate(path, 1000);
  await assert.rejects(
    startInference({ ...OPTIONS, packages_dir: damaged }),
    (error) => error instanceof PackageError && error.file === path,
  );
});

test('a provider that this machine lacks stops the start', {
  skip: existsSync('/dev/nvidiactl') && 'this machine has an NVIDIA device',
}, async () => {
  await assert.rejects(startInference({ ...OPTIONS, provider: 'cuda' }), /cuda.*choose the provider cpu/);
});

test('closing fails what is under way, ends the child, and may be repeated', async () => {
  const closing = await startInference(OPTIONS);
  const next = (await beginLong(closing)).next();
  await Promise.all([assert.rejects(next, /was closed/), closing.close()]);
  await closing.close();
  assert.equal(closing.pid, undefined);
  await assert.rejects(closing.generate(commandFor(8), {}, never).next(), /was closed/);
});
