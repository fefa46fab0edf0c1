/** The shipped package against Python. The expected numbers are written by models/golden.py, which says how inputs are made. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertSummary, tellHalves, wave } from '../testing/golden.ts';
import { type Context, openAnchorEncoder } from './anchor-encoder.ts';
import { memoryDims } from './cam-encoder.ts';
import { loadNetworks } from './load-networks.ts';
import { readPackage } from './model-config.ts';
import { openRefiner } from './refiner.ts';
import { openSession } from './session.ts';
import { type Float32Tensor, float32, joinBatches, sizeOf, splitBatches } from './tensor.ts';

const installed = await readPackage(join(import.meta.dirname, '../../../models/packages/everframe-storybook-1'));
const { model, dir } = installed;
const options = { provider: 'cpu', threads: 1 } as const;
const networks = await loadNetworks(installed, options);
const { channels, height, width } = model.latent;
const { latent_frames, overlap_latent_frames } = model.chunk;

function golden(name: string) {
  return JSON.parse(readFileSync(join(dir, 'golden', `${name}.json`), 'utf8'));
}

function filled(value: number): Float32Tensor {
  return float32([1], Float32Array.of(value));
}

/** Of the golden prompt, with the golden anchor or without any. */
async function encodeContext(anchor: 'present' | 'absent'): Promise<Context> {
  const place = [1, channels, height, width];
  return networks.anchor_encoder.encode({
    ...(await networks.text_encoder.encode(golden('anchor_encoder').prompt)),
    anchor: anchor === 'present' ? wave(...place) : float32(place),
    anchor_present: filled(anchor === 'present' ? 1 : 0),
  });
}

async function remember(context: Context): Promise<Float32Tensor> {
  return networks.cam_encoder.encode({ ...context, overlap: wave(1, channels, overlap_latent_frames, height, width) });
}

test('a prompt is encoded as in Python', async () => {
  const { prompt, tolerance, text, text_mask_sum } = golden('text_encoder');
  const encoding = await networks.text_encoder.encode(prompt);
  assertSummary(encoding.text, text, tolerance);
  assert.equal(
    encoding.text_mask.values.reduce((sum, value) => sum + value, 0),
    text_mask_sum,
  );
});

test('a word that was never met is encoded as the one it is read as, as in Python', async () => {
  const { prompt, tolerance, text } = golden('near_words');
  assertSummary((await networks.text_encoder.encode(prompt)).text, text, tolerance);
});

for (const anchor of ['present', 'absent'] as const) {
  test(`text is mixed with an anchor that is ${anchor} as in Python`, async () => {
    const { tolerance, [anchor]: expected } = golden('anchor_encoder');
    const found = await encodeContext(anchor);
    for (const name of ['context', 'appearance', 'pooled'] as const) assertSummary(found[name], expected[name], tolerance);
  });
}

test('the chunk before is remembered as in Python', async () => {
  const { tolerance, memory } = golden('cam_encoder');
  assertSummary(await remember(await encodeContext('present')), memory, tolerance);
});

for (const kind of ['first_chunk', 'continuation'] as const) {
  test(`the velocity of a ${kind.replace('_', ' ')} is as in Python`, async () => {
    const { sigma, tolerance, [kind]: expected } = golden('denoiser');
    const continues = kind === 'continuation';
    const context = await encodeContext(continues ? 'present' : 'absent');
    const velocity = await networks.denoiser.predict({
      ...context,
      latents: wave(1, channels, latent_frames, height, width),
      sigma: filled(sigma),
      memory: continues ? await remember(context) : float32(memoryDims(model, 1)),
      memory_present: filled(continues ? 1 : 0),
    });
    assertSummary(velocity, expected.velocity, tolerance);
  });
}

test('refined latents move as in Python', async () => {
  const { refiner } = networks;
  assert.ok(refiner && model.refiner);
  const { sigma, tolerance, velocity, prompts } = golden('refiner');
  const { chunk_latent_frames: frames, latent_height, latent_width, reads_text } = model.refiner;
  const texts = reads_text ? await tellHalves(networks.text_encoder, prompts, frames) : null;
  const found = await refiner.predict({
    latents: wave(1, channels, frames, latent_height, latent_width),
    sigma: filled(sigma),
    base: wave(1, channels, frames, height, width),
    told: texts?.of(0, frames) ?? null,
  });
  assertSummary(found, velocity, tolerance);
});

test('latents are decoded as in Python', async () => {
  const { tolerance_mean, tolerance_pixel, frames } = golden('vae_decoder');
  const [count, , pixels_high, pixels_wide] = frames.shape;
  const { spatial_stride } = model.decoder;
  const [before, ...shown] = splitBatches(wave(count + 1, channels, pixels_high / spatial_stride, pixels_wide / spatial_stride));
  const [first, ...others] = shown;
  assert.ok(before && first);
  const values = await networks.vae_decoder.decode(joinBatches([first, ...others]), before);
  assert.equal(values.length, sizeOf(frames.shape));
  const found_mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(Math.abs(found_mean - frames.mean) <= tolerance_mean, `mean ${found_mean} instead of ${frames.mean}`);
  for (const [index, wanted] of frames.samples.entries()) {
    const found = values[Math.floor((index * values.length) / frames.samples.length)] ?? Number.NaN;
    assert.ok(Math.abs(found - wanted) <= tolerance_pixel, `byte ${index}: ${found} instead of ${wanted}`);
  }
});

test('a tensor of the wrong shape is refused by name, before it reaches the runtime', async () => {
  const text = await networks.text_encoder.encode(null);
  const anchor = float32([1, channels, height, width + 1]);
  const wanted = `anchor must be float32 [batch, ${channels}, ${height}, ${width}]; got float32 [1, ${channels}, ${height}, ${width + 1}]`;
  await assert.rejects(networks.anchor_encoder.encode({ ...text, anchor, anchor_present: filled(1) }), (error: Error) =>
    error.message.includes(wanted),
  );
});

test('a picture is encoded as in Python', async () => {
  const { tolerance, latents } = golden('vae_encoder');
  const [width = 0, height = 0] = (model.sizes[0] ?? '').split('x').map(Number);
  const bytes = wave(1, height, width, 3).values.map((value) => Math.min(255, Math.max(0, Math.round((4 * value + 1) * 60))));
  assert.ok(networks.vae_encoder);
  assertSummary(await networks.vae_encoder.encode({ width, height, rgb: Uint8Array.from(bytes) }), latents, tolerance);
});

test('batches that differ within one run are refused', async () => {
  const context = await encodeContext('absent');
  const inputs = {
    latents: float32([2, channels, latent_frames, height, width]),
    sigma: filled(1),
    memory: float32(memoryDims(model, 2)),
    memory_present: filled(0),
  };
  await assert.rejects(networks.denoiser.predict({ ...inputs, ...context }), /sigma must be float32/);
});

test('a graph with another signature than model.json says is refused, naming both', async () => {
  const tokens = model.text.max_tokens + 1;
  const other = { ...installed, model: { ...model, text: { ...model.text, max_tokens: tokens } } };
  await assert.rejects(openAnchorEncoder(other, options), {
    name: 'PackageError',
    message: new RegExp(`text float32 .*model\\.json asks for text float32 .*${tokens}`),
  });
});

test('a refiner that reads text where model.json says that it does not, or the other way round, is refused', async () => {
  const { refiner } = model;
  assert.ok(refiner);
  const other = { ...installed, model: { ...model, refiner: { ...refiner, reads_text: !refiner.reads_text } } };
  await assert.rejects(openRefiner(other, options), { name: 'PackageError', message: /has .*inputs.*; model\.json asks for latents / });
});

test('a file that is no graph is refused by name', async () => {
  const path = join(dir, 'model.json');
  await assert.rejects(openSession(path, {}, {}, options), { name: 'PackageError', file: path });
});

for (const [provider, device, message] of [
  ['cuda', '/dev/nvidiactl', /on cuda: .*install the CUDA build of onnxruntime-node and a driver, or choose the provider cpu/s],
  ['webgpu', '/dev/dri', /on webgpu: .*run on a machine with a Vulkan, Metal or Direct3D 12 device, or choose the provider cpu/s],
] as const) {
  test(`${provider}, where this machine lacks it, is an error with its remedy, never a run on the CPU`, {
    skip: existsSync(device) && `this machine has ${device}`,
  }, async () => {
    const path = join(dir, model.files.anchor_encoder.path);
    await assert.rejects(openSession(path, {}, {}, { provider, threads: 1 }), message);
  });
}
