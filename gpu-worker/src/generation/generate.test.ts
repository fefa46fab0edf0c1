import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GenerationCommand, ModelPackage } from '@everframe/shared';
import type { AnchorEncoderInputs } from '../model/anchor-encoder.ts';
import type { DenoiserInputs } from '../model/denoiser.ts';
import type { Networks } from '../model/load-networks.ts';
import { type Float32Tensor, float32, splitBatches } from '../model/tensor.ts';
import { loadState, saveState } from './checkpoint.ts';
import { type Chunk, generate } from './generate.ts';
import { drawNormals } from './noise.ts';
import { refinerDelay } from './refine.ts';
import type { RefinerSettings } from './refine-chunk.ts';
import { startState } from './state.ts';

const REFINER: RefinerSettings = {
  latent_height: 2,
  latent_width: 2,
  chunk_latent_frames: 4,
  overlap_latent_frames: 2,
  num_inference_steps: 2,
  shift: 1,
  blending: 'exact',
};

/** Chunks of two latent frames of two frames each. */
const MODEL = {
  name: 'toy',
  version: '1.0.0',
  fps: 8,
  sizes: ['4x4'],
  latent: { channels: 2, height: 1, width: 2, frames_per_latent: 2 },
  chunk: { latent_frames: 2, overlap_latent_frames: 1, anchor_latent_frame: 1 },
  text: { max_tokens: 3, width: 4 },
  denoiser: { width: 1, blocks: 1 },
  refiner: null,
  schedule: { num_inference_steps: 3, shift: 1, first_chunk_guidance_scale: 2, guidance_scale: 1 },
} as unknown as ModelPackage;

const MODELS: Readonly<Record<string, ModelPackage>> = {
  'without refiner': MODEL,
  'exact refiner': { ...MODEL, refiner: REFINER },
  'causal refiner': { ...MODEL, refiner: { ...REFINER, blending: 'causal' } },
  'refiner with a shorter stride': { ...MODEL, refiner: { ...REFINER, chunk_latent_frames: 3, num_inference_steps: 3 } },
};

const COMMAND: GenerationCommand = {
  ...{ model: 'toy', model_version: '1.0.0', prompt: 'ball', segments: [], seed: 5, seconds: 2, frames: 16, fps: 8, width: 4, height: 4 },
};

/** Networks of a few lines that keep what they were asked. Velocity is the latents plus what conditions them. */
function standIn(model: ModelPackage = MODEL) {
  const asked = {
    prompts: [] as (string | null)[],
    anchors: [] as AnchorEncoderInputs[],
    overlaps: [] as Float32Tensor[],
    denoiser: [] as DenoiserInputs[],
  };
  const networks: Networks = {
    model,
    text_encoder: {
      async encode(prompt) {
        asked.prompts.push(prompt);
        return { text: float32([1, 3, 4], new Float32Array(12).fill(prompt?.length ?? 0)), text_mask: float32([1, 3]) };
      },
    },
    anchor_encoder: {
      async encode(inputs) {
        asked.anchors.push(inputs);
        const { text, text_mask, anchor } = inputs;
        const [batch = 0] = text.dims;
        const sums = splitBatches(anchor).map(({ values }, index) => (values[0] ?? 0) + (text.values[index * 12] ?? 0));
        const tokens = float32([batch, 3, 1]);
        return { context: tokens, appearance: tokens, text_mask, pooled: float32([batch, 1], Float32Array.from(sums)) };
      },
    },
    cam_encoder: {
      async encode({ overlap }) {
        asked.overlaps.push(overlap);
        const [batch = 0] = overlap.dims;
        const memory = splitBatches(overlap).flatMap(({ values }) => [...values.subarray(0, 2)]);
        return float32([1, 2, batch, 2, 1], Float32Array.of(...memory, ...memory));
      },
    },
    denoiser: {
      async predict(inputs) {
        asked.denoiser.push(inputs);
        const { latents, pooled, memory } = inputs;
        const velocities = splitBatches(latents).map(({ values }, batch) =>
          values.map((value) => value + (pooled.values[batch] ?? 0) * 0.1 + (memory.values[batch * 2] ?? 0) * 0.2),
        );
        return float32(latents.dims, Float32Array.from(velocities.flatMap((values) => [...values])));
      },
    },
    refiner: model.refiner && {
      async predict({ latents, base }) {
        return float32(
          latents.dims,
          latents.values.map((value, index) => Math.sin(value) - (base.values[index >> 1] ?? 0)),
        );
      },
    },
    vae_decoder: {
      async decode({ dims, values }) {
        const [count = 0] = dims;
        const size = values.length / count;
        return Uint8Array.from(
          { length: count * 96 },
          (_, index) => 128 + 20 * (values[Math.floor(index / 96) * size + (index % size)] ?? 0),
        );
      },
    },
  };
  return { networks, asked };
}

/**
 * Knows what is clean: in a first chunk latent frame f has the value 100 + f, later ones count on from the memory.
 * Its velocity, (noisy - clean) / sigma, is exact, so any number of steps arrives there.
 * @param unconditional_offset by how much the branch without a prompt is off
 */
function counter(unconditional_offset: number): Networks['denoiser'] {
  return {
    async predict({ latents, sigma, memory, memory_present, pooled }) {
      const velocities = splitBatches(latents).map(({ values }, batch) => {
        const offset = pooled.values[batch] === 0 ? unconditional_offset : 0;
        const start = memory_present.values[batch] ? (memory.values[batch * 2] ?? 0) + 1 : 100;
        return values.map((value, index) => (value - (start + (Math.floor(index / 2) % 2) + offset)) / (sigma.values[batch] ?? 0));
      });
      return float32(latents.dims, Float32Array.from(velocities.flatMap((values) => [...values])));
    },
  };
}

/** A refiner that draws what the base says, and no more. */
const enlarger: Networks['refiner'] = {
  async predict({ latents, sigma, base }) {
    return float32(
      latents.dims,
      latents.values.map((value, index) => (value - (base.values[index >> 1] ?? 0)) / (sigma.values[0] ?? 0)),
    );
  },
};

/** One byte a frame: its first latent. */
const printer: Networks['vae_decoder'] = {
  async decode({ dims, values }) {
    const [count = 0] = dims;
    return Uint8Array.from({ length: count * 2 }, (_, frame) => Math.round(values[(frame >> 1) * (values.length / count)] ?? 0));
  },
};

async function collect(chunks: AsyncIterable<Chunk>): Promise<Chunk[]> {
  const collected: Chunk[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return collected;
}

const never = new AbortController().signal;

/** The whole video from its start. */
function make(networks: Networks, change: Partial<GenerationCommand> = {}, signal = never): Promise<Chunk[]> {
  const command = { ...COMMAND, ...change };
  return collect(generate(command, networks, startState(command, networks.model), signal));
}

for (const [kind, model] of Object.entries(MODELS)) {
  test(`${kind}: a video is exactly its frames, each once and in order`, async () => {
    for (const frames of [1, 3, 4, 5, 8, 13, 16, 40]) {
      const chunks = await make(standIn(model).networks, { frames });
      let next = 0;
      for (const [index, { chunk_index, first_frame, frame_count, frames: pixels }] of chunks.entries()) {
        assert.deepEqual([chunk_index, first_frame, pixels.length], [index, next, frame_count * 48]);
        next += frame_count;
      }
      assert.equal(next, frames);
    }
  });

  test(`${kind}: a network that counts on from its memory makes a video that counts`, async () => {
    const { networks } = standIn(model);
    const refiner = model.refiner && enlarger;
    const chunks = await make({ ...networks, denoiser: counter(0), refiner, vae_decoder: printer }, { frames: 40 });
    const counted = chunks.flatMap(({ frames }) => [...frames]);
    assert.deepEqual(
      counted,
      Array.from({ length: 40 }, (_, frame) => 100 + (frame >> 1)),
    );
  });

  test(`${kind}: a video resumed at any of its chunks is the same, byte for byte`, async () => {
    const { networks } = standIn(model);
    for (const frames of [3, 8, 30]) {
      const whole = await make(networks, { frames });
      assert.equal(whole.length, Math.ceil(frames / 4));
      for (const [index, { state }] of whole.entries()) {
        const command = { ...COMMAND, frames };
        const resumed = await collect(generate(command, networks, loadState(saveState(state), command), never));
        assert.deepEqual(resumed, whole.slice(index + 1));
      }
    }
  });

  test(`${kind}: a finished video can be made longer, and goes on as the longer one does`, async () => {
    const { networks } = standIn(model);
    const longer = await make(networks, { frames: 32 });
    const last = (await make(networks, { frames: 16 })).at(-1);
    assert.ok(last);
    const added = await collect(generate({ ...COMMAND, frames: 32 }, networks, last.state, never));
    const frames = (chunks: Chunk[]) => chunks.map((chunk) => [chunk.chunk_index, chunk.frames]);
    assert.deepEqual(frames(added), frames(longer.slice(4)));
  });

  test(`${kind}: the base is ahead by the declared delay and no more`, async () => {
    const delay = model.refiner ? Math.ceil(refinerDelay(model.refiner) / model.chunk.latent_frames) : 0;
    const chunks = await make(standIn(model).networks, { frames: 40 });
    assert.deepEqual(
      chunks.map(({ state }) => state.next_chunk),
      chunks.map((_, index) => Math.min(chunks.length, index + 1 + delay)),
    );
  });
}

test('guidance moves the first chunk away from the unconditional one, by its scale', async () => {
  const { networks } = standIn();
  const [chunk] = await make({ ...networks, denoiser: counter(3), vae_decoder: printer }, { frames: 4 });
  // unconditional 103, conditional 100, scale 2: 103 + 2 * (100 - 103)
  assert.deepEqual([...(chunk?.frames ?? [])], [97, 97, 98, 98]);
});

test('the first chunk has neither memory nor anchor; later ones have the overlap clean and the anchor', async () => {
  const { networks, asked } = standIn();
  const chunks = await make(networks, { frames: 12 });
  const steps = MODEL.schedule.num_inference_steps;
  const present = asked.denoiser.map(({ memory_present }) => [...memory_present.values]);
  assert.deepEqual(present, [...new Array(steps).fill([0, 0]), ...new Array(2 * steps).fill([1])]);
  assert.deepEqual(
    asked.anchors.map(({ anchor_present }) => [...anchor_present.values]),
    [[0, 0], [1]],
  );
  assert.deepEqual(asked.anchors[1]?.anchor, chunks[0]?.state.anchor);
  assert.deepEqual(asked.overlaps, [chunks[0]?.state.overlap, chunks[1]?.state.overlap]);
});

test('every chunk begins with the noise of its own index', async () => {
  const { networks, asked } = standIn();
  await make(networks);
  const steps = MODEL.schedule.num_inference_steps;
  for (const index of [0, 1, 2, 3]) {
    const latents = asked.denoiser[index * steps]?.latents;
    const noise = drawNormals({ seed: COMMAND.seed, stage: 'stream', index, step: 0, purpose: 'initial_latents' }, 8);
    assert.deepEqual(latents?.values.slice(0, 8), noise);
  }
});

test('guidance costs a second pass only where its scale is not 1', async () => {
  const { networks, asked } = standIn();
  await make(networks, { frames: 8 });
  assert.deepEqual(
    asked.denoiser.map(({ latents }) => latents.dims[0]),
    [2, 2, 2, 1, 1, 1],
  );
});

test('a prompt is encoded once, an anchor once, and the overlap once a chunk, however long the video', async () => {
  const { networks, asked } = standIn();
  await make(networks, { frames: 100 });
  assert.deepEqual(asked.prompts, ['ball', null]);
  assert.equal(asked.anchors.length, 2);
  assert.equal(asked.overlaps.length, 24);
});

test('a new prompt is obeyed from its chunk on, and encoded alone', async () => {
  for (const anchor of ['keep', 'renew'] as const) {
    const { networks, asked } = standIn();
    const plain = await make(standIn().networks);
    const chunks = await make(networks, { segments: [{ start_frame: 5, prompt: 'a blue ball', anchor }] });
    const same = chunks.map(({ frames }, index) => Buffer.from(frames).equals(plain[index]?.frames ?? Buffer.alloc(0)));
    assert.deepEqual(same, [true, true, false, false]);
    assert.deepEqual(asked.prompts, ['ball', null, 'a blue ball']);
    const anchors = chunks.map(({ state }) => state.anchor);
    assert.equal(anchors[1], anchors[0]);
    // Kept, the first anchor stays; renewed, the first chunk under the prompt has none and gives the next.
    assert.equal(anchors[2] === anchors[0], anchor === 'keep');
    assert.equal(anchors[3], anchors[2]);
    const present = asked.anchors.map(({ anchor_present }) => anchor_present.values[0]);
    assert.deepEqual(present, anchor === 'keep' ? [0, 1, 1] : [0, 1, 0, 1]);
  }
});

test('a video whose prompt changes resumes to the same bytes, before and behind the change', async () => {
  const { networks } = standIn(MODELS['exact refiner']);
  const command = { ...COMMAND, frames: 32, segments: [{ start_frame: 12, prompt: 'a blue ball', anchor: 'renew' as const }] };
  const whole = await make(networks, command);
  for (const [index, { state }] of whole.entries()) {
    assert.deepEqual(await collect(generate(command, networks, loadState(saveState(state), command), never)), whole.slice(index + 1));
  }
});

test('prompt and seed each change the frames', async () => {
  const { networks } = standIn(MODELS['exact refiner']);
  const videos = await Promise.all([{}, { prompt: 'a ball' }, { seed: 6 }].map((change) => make(networks, change)));
  const seen = new Set(videos.map((chunks) => chunks.map(({ frames }) => frames.join()).join()));
  assert.equal(seen.size, 3);
});

test('the thumbnail is the anchor frame as it was delivered', async () => {
  const { networks } = standIn(MODELS['exact refiner']);
  const chunks = await make(networks);
  for (const { state } of chunks) {
    assert.ok(state.thumbnail);
    assert.deepEqual(await networks.vae_decoder.decode(state.thumbnail), chunks[0]?.frames.slice(96));
  }
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
  await assert.rejects(make(aborting, {}, abort.signal), /enough/);
  assert.equal(asked.denoiser.length, 1);
});

test('a command for another version or size is refused', async () => {
  const { networks } = standIn();
  await assert.rejects(make(networks, { model_version: '2.0.0' }), /asks for toy 2\.0\.0; this is toy 1\.0\.0/);
  await assert.rejects(make(networks, { width: 8 }), /asks for 8x4/);
});

test('a state whose latents are not of this model is refused, naming both shapes', async () => {
  const [chunk] = await make(standIn(MODELS['exact refiner']).networks, { frames: 4 });
  assert.ok(chunk);
  const cases: [Partial<ModelPackage>, RegExp][] = [
    [{ refiner: REFINER, chunk: { ...MODEL.chunk, overlap_latent_frames: 2 } }, /overlap is \[1,2,1,1,2\]; the model's is \[1,2,2,1,2\]/],
    [{ refiner: { ...REFINER, latent_width: 3 } }, /thumbnail is \[1,2,2,2\]; the model's is \[1,2,2,3\]/],
    [{ refiner: { ...REFINER, num_inference_steps: 3 } }, /holds 2 steps of the refiner; the model has 3/],
    [{ refiner: null, latent: { ...MODEL.latent, height: 2 } }, /overlap is /],
  ];
  for (const [change, message] of cases) {
    const { networks } = standIn({ ...MODEL, ...change });
    await assert.rejects(collect(generate(COMMAND, networks, chunk.state, never)), { name: 'CheckpointError', message });
  }
});
