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
import { startState } from '../gpu-worker/src/generation/state.ts';
import { loadNetworks } from '../gpu-worker/src/model/load-networks.ts';
import { readPackage } from '../gpu-worker/src/model/model-config.ts';
import { median, report, round } from './report.ts';

const ROUNDS = 7;
const SECONDS = 8;
const THREADS = 1;

const folder = fileURLToPath(new URL('../models/packages/everframe-toybox-1', import.meta.url));
const installed = await readPackage(folder);
const { model } = installed;
const networks = await loadNetworks(installed, { provider: 'cpu', threads: THREADS });
const bare = await openBare();
const [width, height] = (model.sizes[0] ?? '').split('x').map(Number);
const command: GenerationCommand = {
  model: model.name,
  model_version: model.version,
  prompt: 'a red balloon rises over the sea',
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
  for await (const chunk of generate(command, networks, startState(command), AbortSignal.timeout(600_000))) {
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
  const { latent, chunk, text, anchor, schedule } = model;
  const options = { intraOpNumThreads: THREADS, interOpNumThreads: 1, extra: { session: { intra_op: { allow_spinning: '0' } } } };
  const open = (file: keyof typeof model.files) => ort.InferenceSession.create(join(folder, model.files[file].path), options);
  const [text_encoder, anchor_encoder, denoiser, vae_decoder] = [
    await open('text_encoder'),
    await open('anchor_encoder'),
    await open('denoiser'),
    await open('vae_decoder'),
  ];
  const filled = (...dims: number[]) => {
    const values = Float32Array.from({ length: dims.reduce((size, dim) => size * dim, 1) }, (_, index) => Math.sin(index * 0.37));
    return new ort.Tensor('float32', values, dims);
  };
  const picture = [latent.channels, latent.height, latent.width];
  const tokens = new ort.Tensor('int64', new BigInt64Array(text.max_tokens).fill(3n), [1, text.max_tokens]);
  const pass = (batch: number) => ({
    latents: filled(batch, latent.channels, chunk.frames, latent.height, latent.width),
    sigmas: filled(batch, chunk.frames),
    text_tokens: filled(batch, text.max_tokens, text.width),
    text_mask: filled(batch, text.max_tokens),
    text_pooled: filled(batch, text.width),
    anchor_tokens: filled(batch, anchor.tokens, text.width),
    anchor_present: filled(batch),
  });
  const passes = [pass(1), pass(2)];
  const chunks = 1 + Math.ceil((SECONDS * model.fps - chunk.frames) / (chunk.frames - chunk.overlap_frames));

  return {
    async run() {
      for (let prompt = 0; prompt < 2; prompt++) await text_encoder.run({ token_ids: tokens });
      let frames_left = SECONDS * model.fps;
      for (let index = 0; index < chunks; index++) {
        const guidance = index === 0 ? schedule.first_chunk_guidance_scale : schedule.guidance_scale;
        const inputs = passes[guidance === 1 ? 0 : 1];
        if (!inputs) throw new Error('no inputs');
        for (let step = 0; step < schedule.num_inference_steps; step++) await denoiser.run(inputs);
        if (index === 0) await anchor_encoder.run({ anchor_latents: filled(1, ...picture) });
        const fresh = Math.min(frames_left, chunk.frames - (index === 0 ? 0 : chunk.overlap_frames));
        await vae_decoder.run({ latents: filled(fresh, ...picture) });
        frames_left -= fresh;
      }
    },
  };
}
