/** The refiner's graph with text, in the real runtime: two nodes that add to every latent frame the mean of its own text. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ModelPackage } from '@everframe/shared';
import { openRefiner } from './refiner.ts';
import { float32 } from './tensor.ts';

const FRAMES = 2;
const PLACE = [2, 2];
const TEXT = [3, 4];
const FLOAT = 1;

/** Fields of a protobuf message, as onnx.proto numbers them. */
const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)]);
const number = (field: number, value: number) => [...varint(field << 3), ...varint(value)];
const bytes = (field: number, value: string | number[]) => {
  const content = typeof value === 'string' ? [...Buffer.from(value)] : value;
  return [...varint((field << 3) | 2), ...varint(content.length), ...content];
};
const valueInfo = (name: string, dims: readonly number[]) => {
  const shape = dims.flatMap((dim) => bytes(1, number(1, dim)));
  return [...bytes(1, name), ...bytes(2, bytes(1, [...number(1, FLOAT), ...bytes(2, shape)]))];
};
const node = (type: string, inputs: readonly string[], output: string, attributes: number[] = []) =>
  bytes(1, [...inputs.flatMap((name) => bytes(1, name)), ...bytes(2, output), ...bytes(4, type), ...attributes]);

/** velocity = latents + mean of (text, over its tokens and their numbers) */
function makeGraph(): Uint8Array {
  const latents = [1, 1, FRAMES, ...PLACE];
  const inputs = { latents, sigma: [1], base: [1, 1, FRAMES, 1, 1], text: [FRAMES, ...TEXT], text_mask: [FRAMES, 3] };
  const axes = bytes(5, [...bytes(1, 'axes'), ...number(8, 1), ...number(8, 2), ...number(20, 7)]);
  const graph = [
    ...node('ReduceMean', ['text'], 'mean', axes),
    ...node('Add', ['latents', 'mean'], 'velocity'),
    ...bytes(2, 'refiner'),
    ...Object.entries(inputs).flatMap(([name, dims]) => bytes(11, valueInfo(name, dims))),
    ...bytes(12, valueInfo('velocity', latents)),
  ];
  return Uint8Array.from([...number(1, 7), ...bytes(7, graph), ...bytes(8, number(2, 13))]);
}

async function open(t: TestContext, reads_text: boolean) {
  const dir = await mkdtemp(join(tmpdir(), 'everframe-refiner-'));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, 'refiner.onnx'), makeGraph());
  const model = {
    latent: { channels: 1, height: 1, width: 1 },
    text: { max_tokens: 3, width: 4 },
    refiner: { chunk_latent_frames: FRAMES, latent_height: 2, latent_width: 2, reads_text },
    files: { refiner: { path: 'refiner.onnx' } },
  } as unknown as ModelPackage;
  const refiner = await openRefiner({ model, dir }, { provider: 'cpu', threads: 1 });
  assert.ok(refiner);
  return refiner;
}

const SEEN = { latents: float32([1, 1, FRAMES, ...PLACE]), sigma: float32([1]), base: float32([1, 1, FRAMES, 1, 1]) };

test('every latent frame is drawn by its own text', async (t) => {
  const refiner = await open(t, true);
  const text = float32(
    [FRAMES, ...TEXT],
    Float32Array.from({ length: 24 }, (_, index) => (index < 12 ? 1 : 5)),
  );
  const velocity = await refiner.predict({ ...SEEN, told: { text, text_mask: float32([FRAMES, 3]) } });
  assert.deepEqual([...velocity.values], [1, 1, 1, 1, 5, 5, 5, 5]);
});

test('a refiner that reads text is not run without one, nor with fewer than there are frames', async (t) => {
  const refiner = await open(t, true);
  await assert.rejects(refiner.predict({ ...SEEN, told: null }), /refiner\.onnx reads a text for each latent frame; it was told none/);
  const told = { text: float32([1, ...TEXT]), text_mask: float32([1, 3]) };
  await assert.rejects(refiner.predict({ ...SEEN, told }), /text must be float32 \[2, 3, 4\]; got float32 \[1, 3, 4\]/);
});

test('a graph that reads text is refused where model.json does not say so', async (t) => {
  await assert.rejects(open(t, false), { name: 'PackageError', message: /has 5 inputs; model\.json asks for latents .*, sigma .*, base / });
});
