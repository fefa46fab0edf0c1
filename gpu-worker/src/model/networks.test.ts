/** The shipped package against PyTorch. The expected numbers are written by models/golden.py, which says how inputs are made. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAnchorEncoder } from './anchor-encoder.ts';
import { loadNetworks } from './load-networks.ts';
import { readPackage } from './model-config.ts';
import { openSession } from './session.ts';
import { type Dims, type Float32Tensor, float32, sizeOf, sliceFrames } from './tensor.ts';

const installed = await readPackage(join(import.meta.dirname, '../../../models/packages/everframe-toybox-1'));
const { model, dir } = installed;
const options = { provider: 'cpu', threads: 1 } as const;
const networks = await loadNetworks(installed, options);
const { channels, height, width } = model.latent;

interface Summary {
  readonly shape: number[];
  readonly first: number[];
  readonly mean: number;
  readonly mean_square: number;
}

function golden(name: string) {
  return JSON.parse(readFileSync(join(dir, 'golden', `${name}.json`), 'utf8'));
}

/** sin(0.37 * i) over the flat index, as in models/golden.py. */
function wave(dims: Dims): Float32Tensor {
  return float32(
    dims,
    Float32Array.from({ length: sizeOf(dims) }, (_, index) => Math.sin(0.37 * index)),
  );
}

function assertSummary({ dims, values }: Float32Tensor, expected: Summary, tolerance: number): void {
  const near = (found: number, wanted: number, what: string) =>
    assert.ok(Math.abs(found - wanted) <= tolerance, `${what}: ${found} instead of ${wanted}, tolerance ${tolerance}`);
  assert.deepEqual([...dims], expected.shape);
  for (const [index, wanted] of expected.first.entries()) near(values[index] ?? Number.NaN, wanted, `value ${index}`);
  near(values.reduce((sum, value) => sum + value, 0) / values.length, expected.mean, 'mean');
  near(values.reduce((sum, value) => sum + value * value, 0) / values.length, expected.mean_square, 'mean square');
}

test('a prompt is encoded as in PyTorch', async () => {
  const { prompt, tolerance, text_tokens, text_mask_sum, text_pooled } = golden('text_encoder');
  const encoding = await networks.text_encoder.encode(prompt);
  assertSummary(encoding.text_tokens, text_tokens, tolerance);
  assertSummary(encoding.text_pooled, text_pooled, tolerance);
  assert.equal(
    encoding.text_mask.values.reduce((sum, value) => sum + value, 0),
    text_mask_sum,
  );
});

test('an anchor frame is encoded as in PyTorch', async () => {
  const { tolerance, anchor_tokens } = golden('anchor_encoder');
  assertSummary(await networks.anchor_encoder.encode(wave([1, channels, height, width])), anchor_tokens, tolerance);
});

for (const kind of ['first_chunk', 'continuation'] as const) {
  test(`the velocity of a ${kind.replace('_', ' ')} is as in PyTorch`, async () => {
    const { prompt, tolerance, [kind]: expected } = golden('denoiser');
    const { frames } = model.chunk;
    const velocity = await networks.denoiser.predict({
      ...(await networks.text_encoder.encode(prompt)),
      latents: wave([1, channels, frames, height, width]),
      sigmas: float32([1, frames], Float32Array.from(expected.sigmas)),
      anchor_tokens: await networks.anchor_encoder.encode(wave([1, channels, height, width])),
      anchor_present: float32([1], Float32Array.of(expected.anchor_present)),
    });
    const first = frames - expected.velocity.shape[2];
    assertSummary(sliceFrames(velocity, first, frames), expected.velocity, tolerance);
    assert.ok(first === 0 || sliceFrames(velocity, 0, first).values.every((value) => value === 0), 'a clean frame has no velocity');
  });
}

test('latents are decoded as in PyTorch', async () => {
  const { tolerance_mean, tolerance_pixel, mean, pixels } = golden('vae_decoder');
  const frame = await networks.vae_decoder.decode(wave([1, channels, height, width]));
  const found_mean = frame.reduce((sum, value) => sum + value, 0) / frame.length;
  assert.ok(Math.abs(found_mean - mean) <= tolerance_mean, `mean ${found_mean} instead of ${mean}`);
  for (const { x, y, rgb } of pixels) {
    const offset = (y * width * model.latent.spatial_stride + x) * 3;
    for (const [channel, wanted] of rgb.entries()) {
      const found = frame[offset + channel] ?? Number.NaN;
      assert.ok(Math.abs(found - wanted) <= tolerance_pixel, `pixel ${x}, ${y}: ${found} instead of ${wanted}`);
    }
  }
});

test('a tensor of the wrong shape is refused by name, before it reaches the runtime', async () => {
  const wrong = networks.anchor_encoder.encode(float32([1, channels, height, width + 1]));
  const wanted = `anchor_latents must be float32 [batch, ${channels}, ${height}, ${width}]; got float32 [1, ${channels}, ${height}, ${width + 1}]`;
  await assert.rejects(wrong, (error: Error) => error.message.includes(wanted));
});

test('batches that differ within one run are refused', async () => {
  const { text_tokens, text_mask, text_pooled } = await networks.text_encoder.encode(null);
  const { frames } = model.chunk;
  const inputs = {
    latents: float32([2, channels, frames, height, width]),
    sigmas: float32([1, frames]),
    anchor_tokens: float32([2, model.anchor.tokens, model.text.width]),
    anchor_present: float32([2]),
  };
  await assert.rejects(networks.denoiser.predict({ ...inputs, text_tokens, text_mask, text_pooled }), /sigmas must be float32/);
});

test('a graph with another signature than model.json says is refused, naming both', async () => {
  const other = { ...installed, model: { ...model, anchor: { tokens: model.anchor.tokens + 1 } } };
  await assert.rejects(openAnchorEncoder(other, options), {
    name: 'PackageError',
    message: new RegExp(`anchor_tokens float32 .*model\\.json asks for anchor_tokens float32 .*${model.anchor.tokens + 1}`),
  });
});

test('a file that is no graph is refused by name', async () => {
  const path = join(dir, 'model.json');
  await assert.rejects(openSession(path, {}, {}, options), { name: 'PackageError', file: path });
});

test('a provider that this machine lacks is an error with its remedy, never a run on the CPU', {
  skip: existsSync('/dev/nvidiactl') && 'this machine has an NVIDIA device',
}, async () => {
  const path = join(dir, model.files.anchor_encoder.path);
  await assert.rejects(openSession(path, {}, {}, { provider: 'cuda', threads: 1 }), /cuda.*choose the provider cpu/);
});
