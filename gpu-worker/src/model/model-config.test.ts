import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PackageError, readPackage, readPackages } from './model-config.ts';

const FILES = ['text_encoder', 'anchor_encoder', 'denoiser', 'vae_decoder', 'vocabulary'];

/** A package of four-byte files, sound in all that is checked here. */
async function makePackage(t: TestContext, change: object = {}): Promise<string> {
  const packages_dir = await mkdtemp(join(tmpdir(), 'everframe-packages-'));
  t.after(() => rm(packages_dir, { recursive: true }));
  const dir = join(packages_dir, 'toy');
  await mkdir(dir);
  const files: Record<string, object> = {};
  for (const name of FILES) {
    const content = name.slice(0, 4);
    await writeFile(join(dir, `${name}.bin`), content);
    files[name] = { path: `${name}.bin`, sha256: createHash('sha256').update(content).digest('hex'), bytes: 4 };
  }
  const model = {
    format_version: 1,
    name: 'toy',
    title: 'Toy',
    version: '1.0.0',
    family: 'streaming-t2v',
    licence: 'Apache-2.0',
    description: 'Four bytes a network.',
    fps: 8,
    sizes: ['16x8'],
    seconds: { min: 1, max: 10, default: 4 },
    latent: { channels: 2, height: 4, width: 8, spatial_stride: 2 },
    chunk: { frames: 6, overlap_frames: 2, anchor_frame: 1 },
    text: { max_tokens: 3, width: 4, vocabulary: 'vocabulary.bin' },
    anchor: { tokens: 2 },
    schedule: { num_inference_steps: 3, shift: 1, first_chunk_guidance_scale: 2, guidance_scale: 1 },
    price_micro_usd_per_second: 0,
    training: {},
    files,
    ...change,
  };
  await writeFile(join(dir, 'model.json'), JSON.stringify(model));
  return packages_dir;
}

/** Asserts a PackageError about `file` that says `fault`. */
async function assertFault(reading: Promise<unknown>, file: string, fault: RegExp): Promise<void> {
  await assert.rejects(reading, (error: unknown) => {
    assert.ok(error instanceof PackageError);
    assert.equal(error.file, file);
    assert.ok(error.message.includes(file), `the message names the file: ${error.message}`);
    assert.match(error.message, fault);
    return true;
  });
}

test('a sound package is read, by its name', async (t) => {
  const packages = await readPackages(await makePackage(t));
  assert.deepEqual([...packages.keys()], ['toy']);
  assert.equal(packages.get('toy')?.model.chunk.overlap_frames, 2);
});

for (const name of FILES) {
  test(`a missing ${name} is named`, async (t) => {
    const dir = join(await makePackage(t), 'toy');
    await rm(join(dir, `${name}.bin`));
    await assertFault(readPackage(dir), join(dir, `${name}.bin`), /is missing/);
  });
}

test('a file cut short is named with both sizes', async (t) => {
  const dir = join(await makePackage(t), 'toy');
  await writeFile(join(dir, 'denoiser.bin'), 'den');
  await assertFault(readPackage(dir), join(dir, 'denoiser.bin'), /has 3 bytes; model\.json says 4/);
});

test('a file with one changed byte is named', async (t) => {
  const dir = join(await makePackage(t), 'toy');
  await writeFile(join(dir, 'denoiser.bin'), 'denp');
  await assertFault(readPackage(dir), join(dir, 'denoiser.bin'), /has SHA-256 [0-9a-f]{64}; model\.json says/);
});

test('a model.json that lacks a field is refused, naming the field', async (t) => {
  const dir = join(await makePackage(t, { fps: undefined }), 'toy');
  await assertFault(readPackage(dir), join(dir, 'model.json'), /fps: /);
});

test('a model.json that is not JSON is refused', async (t) => {
  const dir = join(await makePackage(t), 'toy');
  await writeFile(join(dir, 'model.json'), '{');
  await assertFault(readPackage(dir), join(dir, 'model.json'), /is not JSON/);
});

test('numbers that contradict each other are refused, naming them', async (t) => {
  const cases: [object, RegExp][] = [
    [{ chunk: { frames: 4, overlap_frames: 4, anchor_frame: 0 } }, /overlap_frames 4; it must be below chunk\.frames, 4/],
    [{ chunk: { frames: 4, overlap_frames: 2, anchor_frame: 4 } }, /anchor_frame 4; it must be below chunk\.frames, 4/],
    [{ sizes: ['32x16'] }, /offers the sizes 32x16; latents of this shape make 16x8/],
  ];
  for (const [change, fault] of cases) {
    const dir = join(await makePackage(t, change), 'toy');
    await assertFault(readPackage(dir), join(dir, 'model.json'), fault);
  }
});

test('a folder without packages, and one that is not there, are refused', async (t) => {
  const packages_dir = await makePackage(t);
  await rm(join(packages_dir, 'toy'), { recursive: true });
  await assertFault(readPackages(packages_dir), packages_dir, /holds no package/);
  const absent = join(packages_dir, 'absent');
  await assertFault(readPackages(absent), absent, /cannot be listed/);
});
