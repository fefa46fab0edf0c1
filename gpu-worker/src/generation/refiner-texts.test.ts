import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RefinerInputs } from '../model/refiner.ts';
import { float32, splitBatches } from '../model/tensor.ts';
import type { TextEncoder } from '../model/text-encoder.ts';
import { refineStreamed } from '../testing/refine-whole.ts';
import { COMMAND, MODELS, make, standIn } from '../testing/toy-model.ts';
import { loadState, saveState } from './checkpoint.ts';
import type { PromptMix } from './prompt-mix.ts';
import type { Refinement } from './refine-chunk.ts';
import { RefinerTexts } from './refiner-texts.ts';

const CHUNK_LATENT_FRAMES = 3;

/** A prompt is a number, which its only token has. */
function numbers() {
  const asked: (string | null)[] = [];
  const text_encoder: TextEncoder = {
    async encode(prompt) {
      asked.push(prompt);
      return { text: float32([1, 1, 1], Float32Array.of(Number(prompt))), text_mask: float32([1, 1], Float32Array.of(1)) };
    },
  };
  return { asked, texts: new RefinerTexts(text_encoder, CHUNK_LATENT_FRAMES) };
}

const told = (prompt: number): PromptMix => [{ prompt: String(prompt), weight: 1 }];

test('every latent frame has the text of its chunk, and frames behind the last chunk have the last text', async () => {
  const { texts } = numbers();
  for (const chunk_index of [0, 1, 2]) await texts.add({ chunk_index, prompts: told(10 * chunk_index) });
  const { text, text_mask } = texts.of(2, 9);
  assert.deepEqual([...text.values], [0, 10, 10, 10, 20, 20, 20, 20, 20]);
  assert.deepEqual(
    [text.dims, text_mask.dims],
    [
      [9, 1, 1],
      [9, 1],
    ],
  );
});

test('a chunk between two prompts has both, by weight', async () => {
  const { texts } = numbers();
  await texts.add({ chunk_index: 0, prompts: told(4) });
  await texts.add({
    chunk_index: 1,
    prompts: [
      { prompt: '4', weight: 0.75 },
      { prompt: '8', weight: 0.25 },
    ],
  });
  assert.deepEqual([...texts.of(2, 2).text.values], [4, 5]);
});

test('a prompt is encoded once for as long as it is told, and what is finished is let go of', async () => {
  const { asked, texts } = numbers();
  for (const [chunk_index, prompt] of [1, 1, 1, 2, 2, 1].entries()) {
    await texts.add({ chunk_index, prompts: told(prompt) });
    // Even where nothing is in flight.
    texts.forgetBefore(chunk_index + 1);
    assert.throws(
      () => texts.of(CHUNK_LATENT_FRAMES * chunk_index - 1, 2),
      /latent frame -?\d+ is of chunk -?\d+, whose text is not known/,
    );
  }
  assert.deepEqual(asked, ['1', '2', '1']);
});

for (const blending of ['exact', 'causal'] as const) {
  test(`${blending}: every pass reads the texts of the very frames that it sees, those that pad the last chunk too`, async () => {
    for (const [chunk_latent_frames, overlap_latent_frames, frames] of [
      [4, 2, 9],
      [4, 3, 10],
      [5, 2, 7],
      [2, 0, 6],
    ] as const) {
      const { texts } = numbers();
      const chunks = Math.ceil(frames / CHUNK_LATENT_FRAMES);
      for (let chunk_index = 0; chunk_index < chunks; chunk_index++) await texts.add({ chunk_index, prompts: told(chunk_index) });
      const passes: RefinerInputs[] = [];
      const network = {
        async predict(inputs: RefinerInputs) {
          passes.push(inputs);
          return inputs.latents;
        },
      };
      const shape = { latent_height: 1, latent_width: 1, chunk_latent_frames, overlap_latent_frames };
      const settings = { ...shape, num_inference_steps: 3, shift: 1, blending, reads_text: true };
      const refinement: Refinement = { network, settings, texts, seed: 1, signal: new AbortController().signal };
      // Each frame of the base says of which chunk it is.
      const base = Float32Array.from({ length: frames }, (_, frame) => Math.floor(frame / CHUNK_LATENT_FRAMES));
      await refineStreamed(refinement, float32([1, 1, frames, 1, 1], base), CHUNK_LATENT_FRAMES);
      assert.ok(passes.length >= 6);
      for (const pass of passes) assert.deepEqual(pass.told?.text.values, pass.base.values);
    }
  });
}

test('a refiner that reads text is told what the base was, of a resumed video too, and a stored state holds no prompt', async () => {
  const model = MODELS['refiner that reads the text'];
  const segments = [{ start_frame: 12, prompt: 'a blue ball', anchor: 'keep' as const, blend_chunks: 1 }];
  const command = { ...COMMAND, frames: 32, segments };
  const { opened, asked } = standIn(model);
  const whole = await make(opened, command);
  const seen = asked.refiner.map(({ told }) => told && splitBatches(told.text).map(({ values }) => values[0]));
  // Lengths of the prompts; chunks of two latent frames, of which the fourth is told half of each.
  assert.deepEqual(seen[0], [4, 4, 4, 4]);
  for (const straddling of [
    [4, 4, 7.5, 7.5],
    [7.5, 7.5, 11, 11],
  ]) {
    const steps = model?.refiner?.num_inference_steps;
    assert.equal(seen.filter((texts) => String(texts) === String(straddling)).length, steps);
  }
  assert.deepEqual(asked.prompts, ['ball', null, 'ball', 'a blue ball', 'a blue ball']);
  for (const [index, { state }] of whole.entries()) {
    const stored = await saveState(state, opened);
    assert.ok(!Buffer.from(stored).includes('ball'));
    assert.deepEqual(await make(opened, command, await loadState(stored, command, opened)), whole.slice(index + 1));
  }
});

test('a refiner that reads no text is told none', async () => {
  const { opened, asked } = standIn(MODELS['exact refiner']);
  await make(opened);
  assert.deepEqual([...new Set(asked.refiner.map(({ told }) => told))], [null]);
  assert.deepEqual(asked.prompts, ['ball', null]);
});
