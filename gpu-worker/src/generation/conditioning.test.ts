/** Which branches of guidance are run, what each is shown, and how often anything is encoded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelPackage } from '@everframe/shared';
import { float32 } from '../model/tensor.ts';
import { MODEL, make, standIn } from '../testing/toy-model.ts';
import { guide, guideApart } from './guidance.ts';

const STEPS = MODEL.schedule.num_inference_steps;

function withScales(guidance_scale: number, anchor_guidance_scale?: number): ModelPackage {
  return { ...MODEL, schedule: { ...MODEL.schedule, guidance_scale, anchor_guidance_scale } };
}

/** Batch size of each chunk's steps, first to third. */
async function branches(model: ModelPackage): Promise<(number | undefined)[]> {
  const { opened, asked } = standIn(model);
  await make(opened, { frames: 12 });
  assert.equal(asked.denoiser.length, 3 * STEPS);
  return [0, 1, 2].map((chunk) => asked.denoiser[chunk * STEPS]?.latents.dims[0]);
}

test('guidance with equal scales for text and anchor is guidance with that scale', () => {
  const wave = (phase: number) =>
    float32(
      [1, 40],
      Float32Array.from({ length: 40 }, (_, index) => 3 * Math.sin(0.7 * index + phase)),
    );
  for (const scale of [0, 1, 2.5, 7.5]) {
    const apart = guideApart(wave(0), wave(1), wave(2), scale, scale);
    const together = guide(wave(0), wave(2), scale);
    for (const [index, value] of apart.values.entries()) assert.ok(Math.abs(value - (together.values[index] ?? Number.NaN)) < 1e-5);
  }
});

test('each scale moves along its own difference', () => {
  const [both, text, nothing] = [5, 3, 2].map((value) => float32([1], Float32Array.of(value)));
  assert.ok(both && text && nothing);
  // 2 + 4 * (3 - 2) + 10 * (5 - 3)
  assert.deepEqual([...guideApart(both, text, nothing, 4, 10).values], [26]);
});

test('a third pass is run only where the scales differ, and none of them in the first chunk, which has no anchor', async () => {
  assert.deepEqual(await branches(withScales(3)), [2, 2, 2]);
  assert.deepEqual(await branches(withScales(3, 3)), [2, 2, 2]);
  assert.deepEqual(await branches(withScales(1, 1)), [2, 1, 1]);
  assert.deepEqual(await branches(withScales(3, 2)), [2, 3, 3]);
  assert.deepEqual(await branches(withScales(3, 0)), [2, 3, 3]);
});

test('an anchor that is guided by is missing where guidance leads away from; one that is not is everywhere', async () => {
  for (const [model, present] of [
    [withScales(3), [1, 1]],
    [withScales(3, 3), [1, 0]],
    [withScales(3, 2), [1, 0, 0]],
  ] as const) {
    const { opened, asked } = standIn(model);
    await make(opened, { frames: 8 });
    assert.deepEqual([...(asked.anchors[1]?.anchor_present.values ?? [])], present);
  }
});

test('a video with an anchor scale that nearly equals the text scale nearly equals the one where it does', async () => {
  const [equal, nearly] = await Promise.all([withScales(2, 2), withScales(2, 2 + 1e-9)].map((model) => make(standIn(model).opened)));
  assert.ok(equal && nearly);
  for (const [index, { frames }] of equal.entries()) {
    for (const [place, value] of frames.entries()) assert.ok(Math.abs(value - (nearly[index]?.frames[place] ?? Number.NaN)) <= 1);
  }
});

test('a negative prompt takes the place of no prompt, and only there', async () => {
  const { opened, asked } = standIn(withScales(3, 2));
  await make(opened, { frames: 8, negative_prompt: 'blurry' });
  assert.deepEqual(asked.prompts, ['ball', 'blurry']);
  assert.deepEqual(
    asked.anchors.map(({ text }) => [0, 1, 2].map((branch) => text.values[branch * 12])),
    [
      [4, 6, undefined],
      [4, 4, 6],
    ],
  );
});

test('a negative prompt changes a guided video, and no other', async () => {
  for (const [first_chunk_guidance_scale, same] of [
    [1, true],
    [2, false],
  ] as const) {
    const model = { ...MODEL, schedule: { ...MODEL.schedule, first_chunk_guidance_scale } };
    const [plain, led] = await Promise.all(['', 'blurry'].map((negative_prompt) => make(standIn(model).opened, { negative_prompt })));
    assert.equal(Buffer.from(plain?.[0]?.frames ?? []).equals(Buffer.from(led?.[0]?.frames ?? [])), same);
  }
});

test('with three branches and a negative prompt, texts, anchors and memory are still encoded once each', async () => {
  const { opened, asked } = standIn(withScales(3, 2));
  await make(opened, { frames: 40, negative_prompt: 'blurry' });
  assert.deepEqual([asked.prompts.length, asked.anchors.length, asked.overlaps.length], [2, 2, 9]);
});

test('a blend encodes each of its prompts once, and its chunks are told sums that move from one to the other', async () => {
  const { opened, asked } = standIn();
  const segments = [{ start_frame: 4, prompt: 'a blue ball', anchor: 'keep' as const, blend_chunks: 3 }];
  await make(opened, { frames: 28, segments });
  assert.deepEqual(asked.prompts, ['ball', null, 'a blue ball']);
  assert.deepEqual(
    asked.anchors.map(({ text }) => text.values[0]),
    [4, 5.75, 7.5, 9.25, 11],
  );
});
