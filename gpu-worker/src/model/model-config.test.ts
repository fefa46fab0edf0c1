import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ModelPackage } from '@everframe/shared';
import { PackageError, readJson, readPackage, readPackages } from './model-config.ts';

const EXAMPLE = await readJson(join(import.meta.dirname, '../../../shared/src/model-package.example.json'));
const FILES = [
  'text_encoder',
  'anchor_encoder',
  'cam_encoder',
  'denoiser',
  'refiner',
  'vae_decoder',
  'vocabulary',
  'world',
  'denoiser_weights',
];

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
  const model = { ...(EXAMPLE as object), name: 'toy', files, ...change };
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
  assert.equal(packages.get('toy')?.model.chunk.overlap_latent_frames, 2);
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
  const { chunk, refiner, schedule } = ModelPackage.parse(EXAMPLE);
  const betas = { curve: 'linear', start: 0.0085, end: 0.012, train_timesteps: 8, prediction: 'v' };
  const cases: [object, RegExp][] = [
    [{ chunk: { ...chunk, overlap_latent_frames: 5 } }, /overlap_latent_frames 5; it must be at most chunk\.latent_frames, 4/],
    [{ chunk: { ...chunk, anchor_latent_frame: 4 } }, /anchor_latent_frame 4; it must be below chunk\.latent_frames, 4/],
    [
      { refiner: { ...refiner, chunk_latent_frames: 5 } },
      /refiner\.overlap_latent_frames = 3; it must be a divisor of chunk\.latent_frames, 4/,
    ],
    [{ refiner: null, sizes: ['64x64'] }, /must have both of refiner and files\.refiner, or neither/],
    [{ schedule: { ...schedule, betas } }, /schedule\.betas, of which the euler sampler knows nothing/],
    [{ schedule: { ...schedule, sampler: 'ddim' } }, /no schedule\.betas, which the ddim sampler needs/],
    [{ schedule: { ...schedule, sampler: 'dpm-solver-2m', eta: 1 } }, /schedule\.eta 1; only the ddim sampler/],
    [{ schedule: { ...schedule, sampler: 'ddim', betas } }, /num_inference_steps 8; it must be below schedule\.betas\.train_timesteps, 8/],
    [{ sizes: ['32x16'] }, /offers the sizes 32x16; latents of this shape make 128x128/],
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
