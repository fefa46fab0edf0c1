/**
 * What the streaming loop adds to its networks: `generate` against the same passes of the same graphs with nothing
 * between them, one thread. Both alternate in one process: a ratio near 1 drowns in the noise between two processes on
 * a shared machine, and neighbouring rounds share theirs. Figures: loop time over bare network time, and seconds of
 * video made per second.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GenerationCommand } from '@everframe/shared';
import * as ort from 'onnxruntime-node';
import { generate } from '../gpu-worker/src/generation/generate.ts';
import { openModel } from '../gpu-worker/src/generation/open-model.ts';
import { startState } from '../gpu-worker/src/generation/state.ts';
import { readPackage } from '../gpu-worker/src/model/model-config.ts';
import { median, report, round } from './report.ts';

const ROUNDS = 7;
const SECONDS = 8;
const THREADS = 1;

const folder = fileURLToPath(new URL('../models/packages/everframe-storybook-1', import.meta.url));
const installed = await readPackage(folder);
const { model } = installed;
const opened = await openModel(installed, { provider: 'cpu', threads: THREADS });
const bare = await openBare();
const [width, height] = (model.sizes[0] ?? '').split('x').map(Number);
const command: GenerationCommand = {
  model: model.name,
  model_version: model.version,
  prompt: 'a golden puppy runs on the beach',
  negative_prompt: '',
  segments: [],
  seed: 1,
  seconds: SECONDS,
  frames: SECONDS * model.fps,
  fps: model.fps,
  width: width ?? 0,
  height: height ?? 0,
};

const loop_ms: number[] = [];
const bare_ms: number[] = [];
await runLoop();
await bare.run();
for (let index = 0; index < ROUNDS; index++) {
  const order = index % 2 === 0 ? ['loop', 'bare'] : ['bare', 'loop'];
  for (const variant of order) {
    if (variant === 'loop') loop_ms.push(await timed(runLoop));
    else bare_ms.push(await timed(bare.run));
  }
}
report('engine', {
  loop_over_bare_networks: round(median(loop_ms.map((value, index) => value / (bare_ms[index] ?? Number.NaN)))),
  times_real_time: round((SECONDS * 1000) / median(loop_ms)),
  loop_ms: loop_ms.map(Math.round),
  bare_ms: bare_ms.map(Math.round),
  seconds_of_video: SECONDS,
  threads: THREADS,
});

async function runLoop(): Promise<void> {
  for await (const chunk of generate(command, opened, startState(command, opened), AbortSignal.timeout(600_000))) {
    if (chunk.frame_count === 0) throw new Error('an empty chunk');
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** The same graphs on fixed inputs of the same shapes, called as often as the loop calls them. */
async function openBare(): Promise<{ run(): Promise<void> }> {
  const { latent, chunk, text, denoiser: inner, refiner: settings, schedule } = model;
  if (!settings) throw new Error(`${model.name} has no refiner`);
  const options = { intraOpNumThreads: THREADS, interOpNumThreads: 1, extra: { session: { intra_op: { allow_spinning: '0' } } } };
  const open = (file: keyof typeof model.files) => ort.InferenceSession.create(join(folder, model.files[file]?.path ?? ''), options);
  const text_encoder = await open('text_encoder');
  const anchor_encoder = await open('anchor_encoder');
  const cam_encoder = await open('cam_encoder');
  const denoiser = await open('denoiser');
  const refiner = await open('refiner');
  const vae_decoder = await open('vae_decoder');
  const filled = (...dims: number[]) => {
    const values = Float32Array.from({ length: dims.reduce((size, dim) => size * dim, 1) }, (_, index) => Math.sin(index * 0.37));
    return new ort.Tensor('float32', values, dims);
  };
  const place = [latent.height, latent.width];
  const large = [settings.latent_height, settings.latent_width];
  const tokens = new ort.Tensor('int64', new BigInt64Array(text.max_tokens).fill(101n), [1, text.max_tokens]);
  const pass = (batch: number) => {
    const text_mask = filled(batch, text.max_tokens);
    const mixed = filled(batch, text.max_tokens, inner.width);
    const context = { context: mixed, appearance: mixed, text_mask, pooled: filled(batch, inner.width) };
    const anchor = { anchor: filled(batch, latent.channels, ...place), anchor_present: filled(batch) };
    const cells = chunk.overlap_latent_frames * latent.height * latent.width;
    return {
      condition: { text: filled(batch, text.max_tokens, text.width), text_mask, ...anchor },
      remember: { latents: filled(batch, latent.channels, chunk.overlap_latent_frames, ...place), ...context },
      denoise: {
        latents: filled(batch, latent.channels, chunk.latent_frames, ...place),
        sigma: filled(batch),
        memory: filled(inner.blocks, 2, batch, cells, inner.width),
        memory_present: filled(batch),
        ...context,
      },
    };
  };
  const first = pass(schedule.first_chunk_guidance_scale === 1 ? 1 : 2);
  const later = pass(schedule.guidance_scale === 1 ? 1 : 2);
  const refining = {
    latents: filled(1, latent.channels, settings.chunk_latent_frames, ...large),
    sigma: filled(1),
    base: filled(1, latent.channels, settings.chunk_latent_frames, ...place),
  };
  const decoded = { latents: filled(chunk.latent_frames, latent.channels, ...large) };
  const chunks = Math.ceil((SECONDS * model.fps) / (chunk.latent_frames * latent.frames_per_latent));
  const refiner_chunks = chunks - settings.overlap_latent_frames / chunk.latent_frames;

  return {
    async run() {
      for (let prompt = 0; prompt < 2; prompt++) await text_encoder.run({ token_ids: tokens });
      for (let index = 0; index < chunks; index++) {
        const inputs = index === 0 ? first : later;
        if (index < 2) await anchor_encoder.run(inputs.condition);
        if (index > 0) await cam_encoder.run(inputs.remember);
        for (let step = 0; step < schedule.num_inference_steps; step++) await denoiser.run(inputs.denoise);
        await vae_decoder.run(decoded);
      }
      for (let index = 0; index < refiner_chunks * settings.num_inference_steps; index++) await refiner.run(refining);
    },
  };
}
