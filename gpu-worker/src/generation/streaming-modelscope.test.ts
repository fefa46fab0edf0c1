/**
 * The family of the published StreamingT2V with a package that its exporter made: all of the published networks, of random
 * numbers and few of them (`models/streamingt2v/small_package.py`).
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GenerationCommand, PromptSegment } from '@everframe/shared';
import { PackageError, readPackage } from '../model/model-config.ts';
import { loadModelscope } from '../model/modelscope-networks.ts';
import type { Float32Tensor } from '../model/tensor.ts';
import { never } from '../testing/toy-model.ts';
import { loadState, saveState } from './checkpoint.ts';
import { type Chunk, generate } from './generate.ts';
import { openModel } from './open-model.ts';
import { startState, startStateFromImage } from './state.ts';
import { createStreamingModelscope } from './streaming-modelscope.ts';
import { warmUp } from './warm-up.ts';

const OPTIONS = { provider: 'cpu', threads: 1 } as const;
const PACKAGE = join(import.meta.dirname, '../testing/modelscope-package');
const installed = await readPackage(PACKAGE);
const opened = await openModel(installed, OPTIONS);
const { model, family } = opened;
const { latent_frames } = family.describe();
const [width = 0, height = 0] = (model.sizes[0] ?? '').split('x').map(Number);
const frame_bytes = width * height * 3;

const CHUNKS = 5;
const COMMAND: GenerationCommand = {
  ...{ model: model.name, model_version: model.version, prompt: 'a ball', negative_prompt: '', segments: [], prompt_disclosure: 'hash' },
  ...{ seed: 7, seconds: 2, frames: CHUNKS * latent_frames - 1, fps: model.fps, width, height },
};

interface Kept extends Omit<Chunk, 'state'> {
  readonly checkpoint: Uint8Array;
}

async function make(
  change: Partial<GenerationCommand> = {},
  start = startState({ ...COMMAND, ...change }, opened),
  source?: Sources,
): Promise<Kept[]> {
  const kept: Kept[] = [];
  const command = { ...COMMAND, ...change };
  for await (const { state, ...chunk } of generate(command, opened, start, never, undefined, source)) {
    kept.push({ ...chunk, checkpoint: await saveState(state, opened) });
  }
  return kept;
}

type Sources = (chunk_index: number) => Float32Tensor | null;

function framesOf(chunks: readonly Kept[]): Uint8Array[] {
  return chunks.map(({ frames }) => frames);
}

const whole = await make();

test('a video is exactly its frames, all of them different, and the same each time', async () => {
  assert.deepEqual(
    whole.map(({ frames }) => frames.length / frame_bytes),
    [2, 2, 2, 2, 1],
  );
  const frames = framesOf(whole).flatMap((bytes) => splitFrames(bytes).map((frame) => Buffer.from(frame).toString('hex')));
  assert.equal(new Set(frames).size, COMMAND.frames);
  assert.deepEqual(await make(), whole);
});

test('a video resumed at any of its chunks is the same, byte for byte', async () => {
  for (const [index, { checkpoint }] of whole.entries()) {
    const resumed = await make({}, await loadState(checkpoint, COMMAND, opened));
    assert.deepEqual(resumed, whole.slice(index + 1), `resumed behind chunk ${index}`);
  }
});

test('seed, prompt and negative prompt each make another video', async () => {
  for (const change of [{ seed: 8 }, { prompt: 'a fish' }, { negative_prompt: 'a fish' }]) {
    const other = await make({ ...change, frames: 3 * latent_frames });
    for (const [index, { frames }] of other.entries())
      assert.notDeepEqual(frames, whole[index]?.frames, `${JSON.stringify(change)}, chunk ${index}`);
  }
});

for (const first_chunk of [1, 3]) {
  test(`a prompt that changes with chunk ${first_chunk} is seen in that chunk, and in none before it`, async () => {
    for (const anchor of ['keep', 'renew'] as const) {
      const segment: PromptSegment = { start_frame: first_chunk * latent_frames, prompt: 'a fish', anchor, blend_chunks: 0 };
      const changed = await make({ segments: [segment] });
      assert.deepEqual(framesOf(changed.slice(0, first_chunk)), framesOf(whole.slice(0, first_chunk)));
      assert.deepEqual(changed[first_chunk]?.applied, [
        { start_frame: segment.start_frame, applied_frame: segment.start_frame, chunk_index: first_chunk },
      ]);
      for (const [index, { frames }] of changed.entries()) if (index >= first_chunk) assert.notDeepEqual(frames, whole[index]?.frames);
      const middle = changed[first_chunk];
      assert.ok(middle);
      const resumed = await make({ segments: [segment] }, await loadState(middle.checkpoint, COMMAND, opened));
      assert.deepEqual(resumed, changed.slice(first_chunk + 1));
    }
  });
}

test('the anchor and the frames before a chunk count, each apart from the other', async () => {
  const third = whole[2];
  assert.ok(third);
  const state = await loadState(third.checkpoint, COMMAND, opened);
  const memory = state.memory as { overlap: Float32Tensor; anchor: Float32Tensor };
  for (const name of ['overlap', 'anchor'] as const) {
    const values = memory[name].values.map((value) => 1 - value);
    const changed = { ...state, memory: { ...memory, [name]: { ...memory[name], values } } };
    assert.notDeepEqual((await make({}, changed))[0]?.frames, whole[3]?.frames, name);
  }
});

test('a video begins with a picture, and another picture makes another video', async () => {
  const command = { ...COMMAND, input_reference: { key: 'pictures/one', sha256: '0'.repeat(64), bytes: 1 }, frames: 3 * latent_frames };
  const from = async (value: number) => {
    const image = { width, height, rgb: new Uint8Array(frame_bytes).fill(value) };
    return make(command, await startStateFromImage(command, opened, image));
  };
  const dark = await from(20);
  assert.notDeepEqual(dark[0]?.frames, (await from(200))[0]?.frames);
  assert.notDeepEqual(dark[0]?.frames, whole[0]?.frames);
  const [first] = dark;
  assert.ok(first);
  assert.deepEqual(await make(command, await loadState(first.checkpoint, command, opened)), dark.slice(1));
});

test('a video that is edited begins from its original, chunk by chunk', async () => {
  const originals = whole.map(({ latents }) => latents);
  const edit = (source: readonly (Float32Tensor | null)[]) => {
    const edits = { video_id: 'video_1', strength: 0.67 } as NonNullable<GenerationCommand['edits']>;
    return make({ edits, frames: 4 * latent_frames }, undefined, (chunk_index) => source[chunk_index] ?? null);
  };
  const edited = await edit(originals);
  assert.deepEqual(await edit(originals), edited);
  for (let changed = 0; changed < edited.length; changed++) {
    assert.notDeepEqual(edited[changed]?.frames, whole[changed]?.frames);
    const source = originals.map((latents, index) => (index === changed ? negate(latents) : latents));
    const other = framesOf(await edit(source));
    assert.deepEqual(other.slice(0, changed), framesOf(edited.slice(0, changed)));
    assert.notDeepEqual(other[changed], edited[changed]?.frames, `chunk ${changed}`);
  }
});

test('a video that is stopped within a chunk ends with the reason', async () => {
  const abort = new AbortController();
  const chunks = generate(COMMAND, opened, startState(COMMAND, opened), abort.signal);
  setImmediate(() => abort.abort(new Error('enough')));
  await assert.rejects(chunks.next(), /enough/);
});

test('the warm-up runs every network, but that of pictures', async () => {
  const networks = await loadModelscope(installed, OPTIONS);
  const ran = new Set<string>();
  const seen = <Value extends object>(name: string, value: Value): Value =>
    new Proxy(value, {
      get(target, key) {
        ran.add(name);
        return Reflect.get(target, key);
      },
    });
  const { text_encoder, anchor_encoder, frame_encoder, first_stage, denoiser, vae_decoder } = networks;
  const parts = { text_encoder, anchor_encoder, frame_encoder, first_stage, denoiser, vae_decoder };
  const watched = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, seen(name, part)])) as typeof parts;
  const watching = createStreamingModelscope({ ...networks, ...watched });
  await warmUp({ model, family: watching, refiner: null, text_encoder: null, vae_decoder: watched.vae_decoder }, never);
  assert.deepEqual([...ran].sort(), Object.keys(parts).sort());
});

test('a checkpoint of other shapes is refused, naming both', async () => {
  await assert.rejects(family.load({}), { name: 'CheckpointError', message: /no overlap and anchor/ });
  const saved = await family.save((await loadState(whole[0]?.checkpoint ?? new Uint8Array(), COMMAND, opened)).memory);
  assert.deepEqual(Object.keys(saved).sort(), ['anchor', 'overlap', 'waiting']);
  for (const name of Object.keys(saved)) {
    const tensor = saved[name];
    assert.ok(tensor);
    const [, ...rest] = tensor.dims;
    const wrong = { ...saved, [name]: { ...tensor, dims: [tensor.values.length / rest.reduce((a, b) => a * b, 1) + 1, ...rest] } };
    await assert.rejects(family.load(wrong), { name: 'CheckpointError', message: new RegExp(name) });
  }
});

for (const [fault, change, message] of [
  ['no settings of the family', { modelscope: undefined }, /has no modelscope/],
  ['a schedule without betas', { schedule: { ...model.schedule, betas: undefined, sampler: 'euler', eta: 0 } }, /without betas/],
  ['an overlap of another length', { chunk: { ...model.chunk, overlap_latent_frames: 1 } }, /it must be chunk\.overlap_latent_frames, 1/],
  ['no merges', { files: { ...model.files, merges: undefined } }, /has no files\.merges/],
] as const) {
  test(`a package with ${fault} is refused`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'everframe-modelscope-'));
    t.after(() => rm(dir, { recursive: true }));
    await cp(PACKAGE, dir, { recursive: true });
    const manifest = JSON.parse(await readFile(join(dir, 'model.json'), 'utf8'));
    await writeFile(join(dir, 'model.json'), JSON.stringify({ ...manifest, ...change }));
    const opening = readPackage(dir).then((found) => openModel(found, OPTIONS));
    await assert.rejects(opening, (error: unknown) => error instanceof PackageError && message.test(error.message));
  });
}

function splitFrames(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / frame_bytes }, (_, index) => bytes.subarray(index * frame_bytes, (index + 1) * frame_bytes));
}

function negate(latents: Float32Tensor | null): Float32Tensor {
  assert.ok(latents);
  return { ...latents, values: latents.values.map((value) => -value) };
}
