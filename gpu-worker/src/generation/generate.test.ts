import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunksAhead, type ModelPackage } from '@everframe/shared';
import type { Networks } from '../model/load-networks.ts';
import { float32, splitBatches } from '../model/tensor.ts';
import { COMMAND, MODEL, MODELS, make, REFINER, standIn } from '../testing/toy-model.ts';
import { loadState, saveState } from './checkpoint.ts';
import type { Chunk } from './generate.ts';
import { drawNormals } from './noise.ts';
import { openedStreamingT2v } from './open-model.ts';
import type { StreamingMemory } from './streaming-t2v.ts';
import { decodeThumbnail } from './thumbnail.ts';

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

/** What the family of these tests remembers. */
function memoryOf(chunk: Chunk | undefined): StreamingMemory {
  assert.ok(chunk);
  return chunk.state.memory as StreamingMemory;
}

for (const [kind, model] of Object.entries(MODELS)) {
  test(`${kind}: a video is exactly its frames, each once and in order`, async () => {
    for (const frames of [1, 3, 4, 5, 8, 13, 16, 40]) {
      const chunks = await make(standIn(model).opened, { frames });
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
    const counting = openedStreamingT2v({ ...networks, denoiser: counter(0), refiner, vae_decoder: printer });
    const chunks = await make(counting, { frames: 40 });
    const counted = chunks.flatMap(({ frames }) => [...frames]);
    assert.deepEqual(
      counted,
      Array.from({ length: 40 }, (_, frame) => 100 + (frame >> 1)),
    );
  });

  test(`${kind}: a video resumed at any of its chunks is the same, byte for byte`, async () => {
    const { opened } = standIn(model);
    for (const frames of [3, 8, 30]) {
      const whole = await make(opened, { frames });
      assert.equal(whole.length, Math.ceil(frames / 4));
      for (const [index, { state }] of whole.entries()) {
        const loaded = await loadState(await saveState(state, opened), COMMAND, opened);
        assert.deepEqual(await make(opened, { frames }, loaded), whole.slice(index + 1));
      }
    }
  });

  test(`${kind}: a finished video can be made longer, and goes on as the longer one does`, async () => {
    const { opened } = standIn(model);
    const longer = await make(opened, { frames: 32 });
    const last = (await make(opened, { frames: 16 })).at(-1);
    assert.ok(last);
    const added = await make(opened, { frames: 32 }, last.state);
    const frames = (chunks: Chunk[]) => chunks.map((chunk) => [chunk.chunk_index, chunk.frames]);
    assert.deepEqual(frames(added), frames(longer.slice(4)));
  });

  test(`${kind}: the base is ahead by the declared delay and no more`, async () => {
    const delay = chunksAhead(model);
    const chunks = await make(standIn(model).opened, { frames: 40 });
    assert.deepEqual(
      chunks.map(({ state }) => state.next_chunk),
      chunks.map((_, index) => Math.min(chunks.length, index + 1 + delay)),
    );
  });
}

test('guidance moves the first chunk away from the unconditional one, by its scale', async () => {
  const { networks } = standIn();
  const guided = openedStreamingT2v({ ...networks, denoiser: counter(3), vae_decoder: printer });
  const [chunk] = await make(guided, { frames: 4 });
  // unconditional 103, conditional 100, scale 2: 103 + 2 * (100 - 103)
  assert.deepEqual([...(chunk?.frames ?? [])], [97, 97, 98, 98]);
});

test('the first chunk has neither memory nor anchor; later ones have the overlap clean and the anchor', async () => {
  const { opened, asked } = standIn();
  const chunks = await make(opened, { frames: 12 });
  const steps = MODEL.schedule.num_inference_steps;
  const present = asked.denoiser.map(({ memory_present }) => [...memory_present.values]);
  assert.deepEqual(present, [...new Array(steps).fill([0, 0]), ...new Array(2 * steps).fill([1])]);
  assert.deepEqual(
    asked.anchors.map(({ anchor_present }) => [...anchor_present.values]),
    [[0, 0], [1]],
  );
  assert.deepEqual(asked.anchors[1]?.anchor, memoryOf(chunks[0]).anchor);
  assert.deepEqual(asked.overlaps, [memoryOf(chunks[0]).overlap, memoryOf(chunks[1]).overlap]);
});

test('every chunk begins with the noise of its own index', async () => {
  const { opened, asked } = standIn();
  await make(opened);
  const steps = MODEL.schedule.num_inference_steps;
  for (const index of [0, 1, 2, 3]) {
    const latents = asked.denoiser[index * steps]?.latents;
    const noise = drawNormals({ seed: COMMAND.seed, stage: 'stream', index, step: 0, purpose: 'initial_latents' }, 8);
    assert.deepEqual(latents?.values.slice(0, 8), noise);
  }
});

test('guidance costs a second pass only where its scale is not 1', async () => {
  const { opened, asked } = standIn();
  await make(opened, { frames: 8 });
  assert.deepEqual(
    asked.denoiser.map(({ latents }) => latents.dims[0]),
    [2, 2, 2, 1, 1, 1],
  );
});

test('a prompt is encoded once, an anchor once, and the overlap once a chunk, however long the video', async () => {
  const { opened, asked } = standIn();
  await make(opened, { frames: 100 });
  assert.deepEqual(asked.prompts, ['ball', null]);
  assert.equal(asked.anchors.length, 2);
  assert.equal(asked.overlaps.length, 24);
});

test('a new prompt is obeyed from its chunk on, and encoded alone', async () => {
  for (const anchor of ['keep', 'renew'] as const) {
    const { opened, asked } = standIn();
    const plain = await make(standIn().opened);
    const chunks = await make(opened, { segments: [{ start_frame: 5, prompt: 'a blue ball', anchor, blend_chunks: 0 }] });
    const same = chunks.map(({ frames }, index) => Buffer.from(frames).equals(plain[index]?.frames ?? Buffer.alloc(0)));
    assert.deepEqual(same, [true, true, false, false]);
    assert.deepEqual(asked.prompts, ['ball', null, 'a blue ball']);
    const anchors = chunks.map((chunk) => memoryOf(chunk).anchor);
    assert.equal(anchors[1], anchors[0]);
    // Kept, the first anchor stays; renewed, the first chunk under the prompt has none and gives the next.
    assert.equal(anchors[2] === anchors[0], anchor === 'keep');
    assert.equal(anchors[3], anchors[2]);
    const present = asked.anchors.map(({ anchor_present }) => anchor_present.values[0]);
    assert.deepEqual(present, anchor === 'keep' ? [0, 1, 1] : [0, 1, 0, 1]);
  }
});

test('a video whose prompt changes resumes to the same bytes, before and behind the change', async () => {
  const { opened } = standIn(MODELS['exact refiner']);
  const command = {
    ...COMMAND,
    frames: 32,
    segments: [{ start_frame: 12, prompt: 'a blue ball', anchor: 'renew' as const, blend_chunks: 0 }],
  };
  const whole = await make(opened, command);
  for (const [index, { state }] of whole.entries()) {
    const loaded = await loadState(await saveState(state, opened), command, opened);
    assert.deepEqual(await make(opened, command, loaded), whole.slice(index + 1));
  }
});

test('a video of every sampler resumes at any of its chunks to the same bytes, and samplers make different ones', async () => {
  const betas = { curve: 'linear', start: 0.0085, end: 0.012, train_timesteps: 1000, prediction: 'v', spacing: 'trailing' } as const;
  const seen = new Set<string>();
  for (const change of [
    { sampler: 'euler' },
    { sampler: 'dpm-solver-2m' },
    { sampler: 'dpm-solver-2m', betas },
    { sampler: 'ddim', betas },
    { sampler: 'ddim', betas, eta: 1 },
  ] as const) {
    // Of three steps from pure noise none is of second order.
    const { opened } = standIn({ ...MODEL, schedule: { ...MODEL.schedule, num_inference_steps: 5, ...change } });
    const whole = await make(opened);
    seen.add(whole.map(({ frames }) => frames.join()).join());
    for (const [index, { state }] of whole.entries()) {
      const loaded = await loadState(await saveState(state, opened), COMMAND, opened);
      assert.deepEqual(await make(opened, {}, loaded), whole.slice(index + 1));
    }
  }
  assert.equal(seen.size, 5);
});

test('prompt and seed each change the frames', async () => {
  const { opened } = standIn(MODELS['exact refiner']);
  const videos = await Promise.all([{}, { prompt: 'a ball' }, { seed: 6 }].map((change) => make(opened, change)));
  const seen = new Set(videos.map((chunks) => chunks.map(({ frames }) => frames.join()).join()));
  assert.equal(seen.size, 3);
});

test('the thumbnail is the anchor frame as it was delivered', async () => {
  const { networks, opened } = standIn(MODELS['exact refiner']);
  const chunks = await make(opened);
  for (const { state } of chunks) {
    assert.ok(state.thumbnail);
    assert.deepEqual(await decodeThumbnail(networks.vae_decoder, state.thumbnail), chunks[0]?.frames.slice(96));
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
  await assert.rejects(make(openedStreamingT2v(aborting), {}, undefined, abort.signal), /enough/);
  assert.equal(asked.denoiser.length, 1);
});

test('a command for another version or size is refused', async () => {
  const { opened } = standIn();
  await assert.rejects(make(opened, { model_version: '2.0.0' }), /asks for toy 2\.0\.0; this is toy 1\.0\.0/);
  await assert.rejects(make(opened, { width: 8 }), /asks for 8x4/);
});

test('a state whose latents are not of this model is refused, naming both shapes', async () => {
  const { opened: saver } = standIn(MODELS['exact refiner']);
  const [chunk] = await make(saver, { frames: 4 });
  assert.ok(chunk);
  const bytes = await saveState(chunk.state, saver);
  const cases: [Partial<ModelPackage>, RegExp][] = [
    [{ refiner: REFINER, chunk: { ...MODEL.chunk, overlap_latent_frames: 2 } }, /overlap is \[1,2,1,1,2\]; the model's is \[1,2,2,1,2\]/],
    [{ refiner: { ...REFINER, latent_width: 3 } }, /thumbnail is \[2,2,2,2\]; the model's is \[2,2,2,3\]/],
    [{ refiner: { ...REFINER, num_inference_steps: 3 } }, /holds 2 steps of the refiner; the model has 3/],
    [{ refiner: null }, /thumbnail is \[2,2,2,2\]; the model's is \[2,2,1,2\]/],
    [{ refiner: REFINER, latent: { ...MODEL.latent, height: 2 } }, /refiner step 0, base is /],
  ];
  for (const [change, message] of cases) {
    const { opened } = standIn({ ...MODEL, ...change });
    await assert.rejects(loadState(bytes, COMMAND, opened), { name: 'CheckpointError', message });
  }
});

test('every segment is reported once, in the chunk with which its prompt takes effect', async () => {
  const { opened } = standIn(MODELS['exact refiner']);
  const segments = [
    { start_frame: 5, prompt: 'a blue ball', anchor: 'keep' as const, blend_chunks: 2 },
    { start_frame: 24, prompt: 'a fish', anchor: 'renew' as const, blend_chunks: 0 },
  ];
  const chunks = await make(opened, { frames: 32, segments });
  assert.deepEqual(
    chunks.map(({ applied }) => applied),
    [
      ...[[], []],
      [{ start_frame: 5, applied_frame: 8, chunk_index: 2 }],
      ...[[], [], []],
      [{ start_frame: 24, applied_frame: 24, chunk_index: 6 }],
      [],
    ],
  );
});
