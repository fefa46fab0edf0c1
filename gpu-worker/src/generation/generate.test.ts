import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelPackage } from '@everframe/shared';
import type { DenoiserInputs } from '../model/denoiser.ts';
import type { Networks } from '../model/load-networks.ts';
import { float32, splitBatches } from '../model/tensor.ts';
import { type Chunk, generate } from './generate.ts';
import { drawNormals } from './noise.ts';
import { loadState, saveState, startState } from './state.ts';

const MODEL = {
  name: 'toy',
  version: '1.0.0',
  fps: 8,
  sizes: ['4x4'],
  latent: { channels: 2, height: 2, width: 2, spatial_stride: 2 },
  chunk: { frames: 6, overlap_frames: 2, anchor_frame: 1 },
  text: { max_tokens: 3, width: 4, vocabulary: 'vocabulary.json' },
  anchor: { tokens: 2 },
  schedule: { num_inference_steps: 3, shift: 1, first_chunk_guidance_scale: 2, guidance_scale: 1 },
} as ModelPackage;

const COMMAND = { model: 'toy', model_version: '1.0.0', prompt: 'ball', seed: 5, seconds: 2, frames: 16, fps: 8, width: 4, height: 4 };

/** Networks of a few lines that keep what they were asked. Velocity is the latents plus what conditions them. */
function standIn(model: ModelPackage = MODEL) {
  const asked = { prompts: [] as (string | null)[], anchor_values: [] as (number | undefined)[], denoiser: [] as DenoiserInputs[] };
  const networks: Networks = {
    model,
    text_encoder: {
      async encode(prompt) {
        asked.prompts.push(prompt);
        const weight = prompt === null ? 0 : prompt.length;
        return {
          text_tokens: float32([1, 3, 4], new Float32Array(12).fill(weight)),
          text_mask: float32([1, 3]),
          text_pooled: float32([1, 4], new Float32Array(4).fill(weight)),
        };
      },
    },
    anchor_encoder: {
      async encode(latents) {
        asked.anchor_values.push(latents.values[0]);
        return float32([1, 2, 4], new Float32Array(8).fill(latents.values[0] ?? 0));
      },
    },
    denoiser: {
      async predict(inputs) {
        asked.denoiser.push(inputs);
        const { text_pooled, anchor_tokens } = inputs;
        const velocities = splitBatches(inputs.latents).map(({ values }, batch) =>
          values.map((value) => value + (text_pooled.values[batch * 4] ?? 0) * 0.1 + (anchor_tokens.values[batch * 8] ?? 0) * 0.1),
        );
        return float32(inputs.latents.dims, Float32Array.from(velocities.flatMap((values) => [...values])));
      },
    },
    vae_decoder: {
      async decode({ dims, values }) {
        const [frames = 0] = dims;
        return Uint8Array.from({ length: frames * 48 }, (_, index) => 128 + 20 * (values[Math.floor(index / 6)] ?? 0));
      },
    },
  };
  return { networks, asked };
}

/**
 * Knows what is clean: in a first chunk frame f has the value 100 + f, later ones count on from the overlap.
 * Its velocity, (noisy - clean) / sigma, is exact, so any number of steps arrives there.
 * @param unconditional_offset by how much the branch without a prompt is off
 */
function counter(unconditional_offset: number): Networks['denoiser'] {
  return {
    async predict({ latents, sigmas, text_pooled }) {
      const [, channels = 0, frames = 0, height = 0, width = 0] = latents.dims;
      const place = height * width;
      const velocity = latents.values.map((value, index) => {
        const frame = Math.floor(index / place) % frames;
        const batch = Math.floor(index / (place * frames * channels));
        const sigma = sigmas.values[batch * frames + frame] ?? 0;
        const given = sigmas.values.subarray(batch * frames, (batch + 1) * frames).filter((value) => value === 0).length;
        const offset = text_pooled.values[batch * 4] === 0 ? unconditional_offset : 0;
        const last_given = latents.values[index + (given - 1 - frame) * place] ?? 0;
        const clean = (given === 0 ? 100 + frame : last_given + 1 + frame - given) + offset;
        return sigma === 0 ? 0 : (value - clean) / sigma;
      });
      return float32(latents.dims, velocity);
    },
  };
}

/** One byte a frame: its first latent. */
function printer(): Networks['vae_decoder'] {
  return {
    async decode({ dims, values }) {
      const [frames = 0, ...rest] = dims;
      const size = rest.reduce((product, dim) => product * dim, 1);
      return Uint8Array.from({ length: frames }, (_, frame) => Math.round(values[frame * size] ?? 0));
    },
  };
}

async function collect(chunks: AsyncIterable<Chunk>): Promise<Chunk[]> {
  const collected: Chunk[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return collected;
}

const never = new AbortController().signal;

test('a video is exactly its frames, each once', async () => {
  const { networks } = standIn();
  for (const frames of [1, 5, 6, 7, 10, 16, 17]) {
    const chunks = await collect(generate({ ...COMMAND, frames }, networks, startState(COMMAND), never));
    assert.equal(
      chunks.reduce((sum, chunk) => sum + chunk.frame_count, 0),
      frames,
    );
    for (const chunk of chunks) assert.equal(chunk.frames.length, chunk.frame_count * 48);
  }
});

test('a network that counts from the overlap makes a video that counts', async () => {
  const { networks, asked } = standIn();
  const counting = { ...networks, denoiser: counter(0), vae_decoder: printer() };
  const chunks = await collect(generate(COMMAND, counting, startState(COMMAND), never));
  const counted = chunks.flatMap(({ frames }) => [...frames]);
  assert.deepEqual(
    counted,
    Array.from({ length: COMMAND.frames }, (_, frame) => 100 + frame),
  );
  assert.equal(chunks.at(-1)?.state.next_chunk, chunks.length);
  assert.equal(Math.round(asked.anchor_values[0] ?? Number.NaN), 100 + MODEL.chunk.anchor_frame);
});

test('guidance moves the first chunk away from the unconditional one, by its scale', async () => {
  const { networks } = standIn();
  const counting = { ...networks, denoiser: counter(3), vae_decoder: printer() };
  const [chunk] = await collect(generate({ ...COMMAND, frames: 6 }, counting, startState(COMMAND), never));
  // unconditional 103, conditional 100, scale 2: 103 + 2 * (100 - 103)
  assert.deepEqual([...(chunk?.frames ?? [])], [97, 98, 99, 100, 101, 102]);
});

test('resuming from any saved state gives the same bytes', async () => {
  const { networks } = standIn();
  const whole = await collect(generate(COMMAND, networks, startState(COMMAND), never));
  assert.equal(whole.length, 4);
  for (const [index, { state }] of whole.entries()) {
    const resumed = await collect(generate(COMMAND, networks, loadState(saveState(state), COMMAND), never));
    assert.deepEqual(resumed, whole.slice(index + 1));
  }
});

test('the first chunk is all noise without an anchor; later ones hold the overlap clean in front, with the anchor', async () => {
  const { networks, asked } = standIn();
  const chunks = await collect(generate({ ...COMMAND, frames: 10 }, networks, startState(COMMAND), never));
  const steps = MODEL.schedule.num_inference_steps;
  const [first] = asked.denoiser;
  const last = asked.denoiser.at(-1);
  assert.ok(first && last);
  assert.deepEqual([...first.sigmas.values.subarray(0, 6)], [1, 1, 1, 1, 1, 1]);
  assert.deepEqual([...first.anchor_present.values], [0, 0]);
  assert.deepEqual([...last.sigmas.values.subarray(0, 2)], [0, 0]);
  assert.deepEqual([...last.anchor_present.values], [1]);
  for (const { latents } of asked.denoiser.slice(steps)) {
    const overlap = chunks[0]?.state.overlap;
    assert.ok(overlap);
    // [1, C = 2, F = 6, 2, 2]: the first two frames of each channel
    assert.deepEqual([...latents.values.subarray(0, 8), ...latents.values.subarray(24, 32)], [...overlap.values]);
  }
});

test('every chunk begins with the noise of its own index', async () => {
  const { networks, asked } = standIn();
  await collect(generate(COMMAND, networks, startState(COMMAND), never));
  const steps = MODEL.schedule.num_inference_steps;
  for (const chunk_index of [0, 1, 2, 3]) {
    const latents = asked.denoiser[chunk_index * steps]?.latents;
    const noise = drawNormals({ seed: COMMAND.seed, stage: 'stream', chunk_index, step: 0, purpose: 'initial_latents' }, 48);
    // [1, C = 2, F = 6, 2, 2]: the last four frames of the first channel
    assert.deepEqual(latents?.values.slice(8, 24), noise.slice(8, 24));
  }
});

test('guidance costs a second pass only where its scale is not 1', async () => {
  const { networks, asked } = standIn();
  await collect(generate({ ...COMMAND, frames: 10 }, networks, startState(COMMAND), never));
  assert.deepEqual(
    asked.denoiser.map(({ latents }) => latents.dims[0]),
    [2, 2, 2, 1, 1, 1],
  );
});

test('prompt and anchor are encoded once, however long the video', async () => {
  const { networks, asked } = standIn();
  await collect(generate({ ...COMMAND, frames: 100 }, networks, startState(COMMAND), never));
  assert.deepEqual(asked.prompts.toSorted(), ['ball', null].toSorted());
  assert.equal(asked.anchor_values.length, 1);
});

test('prompt and seed each change the frames', async () => {
  const { networks } = standIn();
  const commands = [COMMAND, { ...COMMAND, prompt: 'a ball' }, { ...COMMAND, seed: 6 }];
  const videos = await Promise.all(commands.map((command) => collect(generate(command, networks, startState(command), never))));
  const seen = new Set(videos.map((chunks) => chunks.map(({ frames }) => frames.join()).join()));
  assert.equal(seen.size, 3);
});

test('an abort takes effect before the next step', async () => {
  const { networks, asked } = standIn();
  const abort = new AbortController();
  const predict = networks.denoiser.predict;
  const aborting: Networks = {
    ...networks,
    denoiser: {
      async predict(inputs) {
        abort.abort(new Error('enough'));
        return predict(inputs);
      },
    },
  };
  await assert.rejects(collect(generate(COMMAND, aborting, startState(COMMAND), abort.signal)), /enough/);
  assert.equal(asked.denoiser.length, 1);
});

test('a command for another version or size is refused', async () => {
  const { networks } = standIn();
  const refuse = (change: object) => collect(generate({ ...COMMAND, ...change }, networks, startState({ ...COMMAND, ...change }), never));
  await assert.rejects(refuse({ model_version: '2.0.0' }), /asks for toy 2\.0\.0; this is toy 1\.0\.0/);
  await assert.rejects(refuse({ width: 8 }), /asks for 8x4/);
});

test('a state whose latents are not of this model is refused', async () => {
  const { networks } = standIn();
  const [chunk] = await collect(generate({ ...COMMAND, frames: 6 }, networks, startState(COMMAND), never));
  const other = standIn({ ...MODEL, chunk: { ...MODEL.chunk, overlap_frames: 3 } });
  assert.ok(chunk);
  await assert.rejects(collect(generate(COMMAND, other.networks, chunk.state, never)), { name: 'CheckpointError' });
});
