import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { GenerationCommand, PromptSegment } from '@everframe/shared';
import { type Beginning, type GeneratedChunk, InferenceError, type InferenceOptions, startInference } from './inference-process.ts';
import { PackageError } from './model/model-config.ts';

const NAME = 'everframe-storybook-1';
const packages_dir = await copyPackage();
const OPTIONS: InferenceOptions = { packages_dir, provider: 'cpu', threads: 1 };

const inference = await startInference(OPTIONS);
after(async () => {
  await inference.close();
  await rm(packages_dir, { recursive: true });
});

/** The shipped package with other than its steps: nothing here depends on how good the picture is. */
async function copyPackage(num_inference_steps = 2): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'everframe-packages-'));
  await cp(join(import.meta.dirname, '../../models/packages', NAME), join(copy, NAME), { recursive: true });
  const path = join(copy, NAME, 'model.json');
  const model = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...model, schedule: { ...model.schedule, num_inference_steps } }));
  return copy;
}

const never = new AbortController().signal;

function commandFor(frames: number, change: Partial<GenerationCommand> = {}): GenerationCommand {
  const model = inference.packages.get(NAME);
  assert.ok(model);
  const { fps, sizes, version } = model;
  const [width = 0, height = 0] = (sizes[0] ?? '').split('x').map(Number);
  const seconds = Math.ceil(frames / fps);
  return {
    model: NAME,
    model_version: version,
    prompt: 'a golden puppy runs on the beach',
    negative_prompt: '',
    segments: [],
    prompt_disclosure: 'hash',
    seed: 11,
    seconds,
    frames,
    fps,
    width,
    height,
    ...change,
  };
}

/** Frames that `chunks` chunks deliver. */
function framesOf(chunks: number): number {
  const model = inference.packages.get(NAME);
  assert.ok(model);
  return chunks * model.chunk.latent_frames * model.latent.frames_per_latent;
}

/** Without what depends on the clock. */
function picture({ denoise_ms, decode_ms, ...chunk }: GeneratedChunk) {
  assert.ok(denoise_ms > 0 && decode_ms > 0);
  return { ...chunk, frames: Buffer.from(chunk.frames), checkpoint: Buffer.from(chunk.checkpoint) };
}

async function generateAll(command: GenerationCommand, beginning: Beginning = {}) {
  const pictures: ReturnType<typeof picture>[] = [];
  for await (const chunk of inference.generate(command, beginning, never)) pictures.push(picture(chunk));
  return pictures;
}

/** Starts a video that no test waits to the end of, and returns its first chunk's stream. */
async function beginLong(on = inference) {
  const chunks = on.generate(commandFor(framesOf(100)), {}, never);
  await chunks.next();
  return chunks;
}

test('a video is the same each time, and resumes from any checkpoint to the same bytes', async () => {
  const command = commandFor(framesOf(4) - 3);
  const whole = await generateAll(command);
  assert.deepEqual(
    whole.map(({ first_frame, frame_count }) => [first_frame, frame_count]),
    [
      [0, framesOf(1)],
      [framesOf(1), framesOf(2) - framesOf(1)],
      [framesOf(2), framesOf(3) - framesOf(2)],
      [framesOf(3), command.frames - framesOf(3)],
    ],
  );
  assert.deepEqual(await generateAll(command), whole);
  for (const [index, { checkpoint }] of whole.entries()) {
    assert.deepEqual(await generateAll(command, { checkpoint }), whole.slice(index + 1), `after chunk ${index}`);
  }
});

test('a video is extended and branched from a stored checkpoint to the bytes of one made in one go', async () => {
  const parent = commandFor(framesOf(4));
  const made = await generateAll(parent);
  const checkpoint = made[1]?.checkpoint;
  assert.ok(checkpoint);
  const shown = (pictures: typeof made) => pictures.map(({ chunk_index, applied, frames }) => ({ chunk_index, applied, frames }));
  const branch: PromptSegment = { start_frame: framesOf(4), prompt: 'a boat sails on a blue sea', anchor: 'blend', blend_chunks: 1 };
  for (const segments of [[], [branch]]) {
    const command = { ...parent, frames: framesOf(6), segments };
    assert.deepEqual(shown(await generateAll(command, { checkpoint, parent })), shown((await generateAll(command)).slice(2)));
  }
  const other = generateAll({ ...parent, frames: framesOf(6), prompt: 'a boat' }, { checkpoint, parent });
  await assert.rejects(
    other,
    (error) => error instanceof InferenceError && !error.retryable && /made under another prompt/.test(error.message),
  );
});

test('a prompt that comes while a video is made is answered, obeyed and reported; one for the past is refused', async () => {
  const command = commandFor(framesOf(8));
  const chunks = inference.generate(command, {}, never);
  const prompt = { prompt: 'a boat sails on a blue sea', anchor: 'renew' as const, blend_chunks: 0 };
  const first = await chunks.next();
  assert.ok(!first.done);
  const past = await chunks.steer({ ...prompt, start_frame: 0 });
  assert.ok(past.outcome === 'refused');
  assert.match(past.message, /frame 0 is made already/);
  const answer = await chunks.steer({ ...prompt, start_frame: null });
  assert.ok(answer.outcome === 'accepted');
  const steered = [picture(first.value)];
  for await (const chunk of chunks) steered.push(picture(chunk));
  assert.deepEqual(
    steered.flatMap(({ applied }) => applied),
    [answer.applied],
  );
  assert.deepEqual(await generateAll({ ...command, segments: [answer.segment] }), steered);
  await assert.rejects(chunks.steer({ ...prompt, start_frame: null }), /the video is not in hand any more/);
});

test('a prompt that comes before the first chunk knows what the checkpoint has made', async () => {
  const command = commandFor(framesOf(8));
  const prompt = { prompt: 'a boat sails on a blue sea', anchor: 'renew' as const, blend_chunks: 0 };
  const steerFirst = async (beginning: Beginning) => {
    const chunks = inference.generate(command, beginning, never);
    const answer = await chunks.steer({ ...prompt, start_frame: null });
    const pictures: ReturnType<typeof picture>[] = [];
    for await (const chunk of chunks) pictures.push(picture(chunk));
    assert.ok(answer.outcome === 'accepted');
    return { answer, pictures };
  };
  const fresh = await steerFirst({});
  assert.equal(fresh.answer.applied.applied_frame, 0);
  assert.deepEqual(fresh.pictures, await generateAll({ ...command, segments: [fresh.answer.segment] }));

  const checkpoint = (await generateAll(command))[1]?.checkpoint;
  const resumed = await steerFirst({ checkpoint });
  assert.ok(resumed.answer.applied.applied_frame >= framesOf(2));
  const whole = await generateAll({ ...command, segments: [resumed.answer.segment] });
  assert.deepEqual(resumed.pictures, whole.slice(2));
});

test('a video that is stopped ends behind what is made of it', async () => {
  const chunks = inference.generate(commandFor(framesOf(100)), {}, never);
  await chunks.next();
  const frames = await chunks.stop();
  assert.equal(frames % framesOf(1), 0);
  let delivered = framesOf(1);
  for await (const { frame_count } of chunks) delivered += frame_count;
  assert.equal(delivered, frames);
});

test('another seed is another video, and two videos at once do not disturb each other', async () => {
  const commands = [commandFor(framesOf(2)), commandFor(framesOf(2), { seed: 12 })] as const;
  const [first, second] = await Promise.all([generateAll(commands[0]), generateAll(commands[1])]);
  assert.notDeepEqual(first[0]?.frames, second[0]?.frames);
  assert.deepEqual(await generateAll(commands[1]), second);
});

test('the thumbnail is the anchor frame of the video', async () => {
  const [chunk] = await generateAll(commandFor(framesOf(1)));
  const model = inference.packages.get(NAME);
  assert.ok(chunk && model);
  const { rgb, width, height } = await inference.thumbnail(chunk.checkpoint);
  const size = width * height * 3;
  const start = model.chunk.anchor_latent_frame * model.latent.frames_per_latent * size;
  assert.deepEqual(Buffer.from(rgb), chunk.frames.subarray(start, start + size));
});

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
  assert.equal((await generateAll(commandFor(8))).length, 1);
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
  assert.equal((await generateAll(commandFor(8))).length, 1);
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
  const folder = await mkdtemp(join(tmpdir(), 'everframe-heap-'));
  t.after(() => rm(folder, { recursive: true }));
  // Half of what is young lives on for a while, which is what V8 takes more space for.
  const script = `
    import { writeFileSync } from 'node:fs';
    import { getHeapSpaceStatistics } from 'node:v8';
    let kept = [];
    for (let index = 0; index < 1e6; index++) {
      kept.push({ index });
      if (kept.length === 1e5) kept = kept.slice(5e4);
    }
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    writeFileSync(${JSON.stringify(join(folder, 'young.json'))}, JSON.stringify(young));`;
  await writeFile(join(folder, 'churn.mjs'), script);
  const before = process.env.NODE_OPTIONS;
  process.env.NODE_OPTIONS = `${before ?? ''} --import=${join(folder, 'churn.mjs')}`;
  t.after(() => {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
  });
  const churned = await startInference(OPTIONS);
  await churned.close();
  const young = JSON.parse(await readFile(join(folder, 'young.json'), 'utf8'));
  assert.ok(young.space_size <= 4 * 2 ** 20, `${young.space_size} bytes for young objects`);
});

test('a long life of one signal gathers no listeners on it', async () => {
  const { signal } = new AbortController();
  for (let video = 0; video < 3; video++) {
    for await (const _chunk of inference.generate(commandFor(framesOf(2)), {}, signal)) {
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    }
  }
});

test('commands for a model or version that is not served are refused, naming what is', async () => {
  await assert.rejects(
    generateAll(commandFor(8, { model: 'sora-2' })),
    /the model sora-2 is not served here; served are: everframe-storybook-1/,
  );
  await assert.rejects(
    generateAll(commandFor(8, { model_version: '0.0.1' })),
    /asks for everframe-storybook-1 0\.0\.1; this is everframe-storybook-1 /,
  );
});

test('a missing version is worth another try elsewhere, a size that the model cannot make is not', async () => {
  const retryable = (value: boolean) => (error: unknown) => error instanceof InferenceError && error.retryable === value;
  await assert.rejects(generateAll(commandFor(8, { model_version: '0.0.1' })), retryable(true));
  await assert.rejects(generateAll(commandFor(8, { width: 8 })), retryable(false));
});

test('a checkpoint of another seed is refused, and not as retryable', async () => {
  const [chunk] = await generateAll(commandFor(8));
  assert.ok(chunk);
  await assert.rejects(generateAll(commandFor(16, { seed: 99 }), { checkpoint: chunk.checkpoint }), (error) => {
    assert.ok(error instanceof InferenceError && !error.retryable);
    assert.match(error.message, /checkpoint is of seed 11; the command asks for 99/);
    return true;
  });
});

test('a package with a damaged file stops the start, naming the file', async (t) => {
  const damaged = await copyPackage();
  t.after(() => rm(damaged, { recursive: true }));
  const path = join(damaged, NAME, 'denoiser.onnx');
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
