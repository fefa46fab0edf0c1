/**
 * One way of refining, in a process of its own: `VARIANT` is `wavefront`, `whole` or `causal`. The base is a wave that is made
 * frame by frame, and what is finished is hashed and let go of, so that memory is what the algorithm holds and no more.
 */
import { createHash } from 'node:crypto';
import { cleanLatents, stepTowards } from '../gpu-worker/src/generation/euler-step.ts';
import { drawBelow, drawNormals } from '../gpu-worker/src/generation/noise.ts';
import { drain, refine, startWavefront } from '../gpu-worker/src/generation/refine.ts';
import { type FrameTexts, type Refinement, stepSigmas, strideOf, type Wavefront } from '../gpu-worker/src/generation/refine-chunk.ts';
import { loadNetworks } from '../gpu-worker/src/model/load-networks.ts';
import { type Float32Tensor, float32, joinFrames, latentDims, sizeOf, sliceFrames } from '../gpu-worker/src/model/tensor.ts';
import { joinTexts } from '../gpu-worker/src/model/text-encoder.ts';
import { readNumbers, single } from './options.ts';
import { never, readShipped } from './shipped-model.ts';

const SEED = 1;

export interface RefineFigures {
  readonly first_finished_ms: number;
  readonly all_ms: number;
  /** Resident memory at its highest beyond what it was when the networks were open. */
  readonly peak_rss_bytes: number;
  /** Latents that the algorithm holds at once, at most. */
  readonly held_bytes: number;
  readonly sha256: string;
}

const asked = readNumbers({ 'latent-frames': [240], threads: [1] });
const [frames, threads] = [single('latent-frames', asked['latent-frames']), single('threads', asked.threads)];
const { VARIANT: variant } = process.env;

const networks = await loadNetworks(await readShipped(), { provider: 'cpu', threads });
const { model, refiner: network, text_encoder } = networks;
if (!network || !model.refiner) throw new Error(`${model.name} has no refiner`);
const settings = variant === 'causal' ? ({ ...model.refiner, blending: 'causal' } as const) : model.refiner;
const text = settings.reads_text ? await text_encoder.encode('a red car drives through the city') : null;
const texts: FrameTexts | null = text && { of: (_first, count) => joinTexts(Array.from({ length: count }, () => text)) };
const refinement: Refinement = { network, settings, texts, seed: SEED, signal: never };
const { channels, height, width } = model.latent;

const hash = createHash('sha256');
let finished = 0;
let first_finished_ms: number | undefined;
let held_bytes = 0;
// A chunk that counts for nothing: the first pass of a network takes longer.
await refine(refinement, startWavefront(settings, model.latent), baseFrames(0, settings.chunk_latent_frames));
const rss_before = process.memoryUsage().rss;
const began = performance.now();
if (variant === 'whole') await refineAtOnce();
else await refineInPassing();
const all_ms = performance.now() - began;
if (finished !== frames || first_finished_ms === undefined) throw new Error(`${finished} of ${frames} latent frames were finished`);
const peak_rss_bytes = process.resourceUsage().maxRSS * 1024 - rss_before;
const figures: RefineFigures = { first_finished_ms, all_ms, peak_rss_bytes, held_bytes, sha256: hash.digest('hex') };
console.log(JSON.stringify(figures));

async function refineInPassing(): Promise<void> {
  let wavefront: Wavefront = startWavefront(settings, model.latent);
  for (let first = 0; first < frames; first += model.chunk.latent_frames) {
    const refined = await refine(refinement, wavefront, baseFrames(first, Math.min(frames, first + model.chunk.latent_frames)));
    wavefront = refined.wavefront;
    hold(wavefront.flatMap(({ latents, base, tail }) => [latents, base, tail]));
    finish(refined.finished);
  }
  finish(await drain(refinement, wavefront));
}

/** The algorithm as it was published: every step visits all chunks. A list of frames, so that nothing is copied but chunks. */
async function refineAtOnce(): Promise<void> {
  const { chunk_latent_frames: length, overlap_latent_frames: overlap, num_inference_steps } = settings;
  const stride = strideOf(settings);
  const chunks = 1 + Math.max(0, Math.ceil((frames - length) / stride));
  const total = (chunks - 1) * stride + length;
  const base = Array.from({ length: total }, (_, index) => baseFrames(Math.min(index, frames - 1), Math.min(index, frames - 1) + 1));
  const dims = [1, channels, 1, settings.latent_height, settings.latent_width];
  let latents = base.map((_, index) => {
    const key = { seed: SEED, stage: 'refine', index, step: 0, purpose: 'initial_latents' } as const;
    return float32(dims, drawNormals(key, sizeOf(dims)));
  });
  for (let step = 0; step < num_inference_steps; step++) {
    const { from, to } = stepSigmas(settings, step);
    const clean: Float32Tensor[] = [];
    for (let chunk = 0; chunk < chunks; chunk++) {
      const start = chunk * stride;
      const here = joined(latents.slice(start, start + length));
      const inputs = { latents: here, sigma: float32([1], Float32Array.of(from)), base: joined(base.slice(start, start + length)) };
      const told = texts?.of(start, length) ?? null;
      const predicted = cleanLatents(here, await refinement.network.predict({ ...inputs, told }), from);
      const key = { seed: SEED, stage: 'refine', index: chunk, step, purpose: 'blend_offset' } as const;
      const offset = chunk === 0 ? 0 : drawBelow(key, overlap);
      for (let frame = offset; frame < length; frame++) clean[start + frame] = sliceFrames(predicted, frame, frame + 1);
    }
    hold([...latents, ...base, ...clean]);
    latents = latents.map((noisy, index) => stepTowards(noisy, clean[index] ?? noisy, from, to));
  }
  for (const frame of latents.slice(0, frames)) finish(frame);
}

function baseFrames(first: number, end: number): Float32Tensor {
  const count = end - first;
  const base = float32([1, channels, count, height, width]);
  const place = height * width;
  for (let index = 0; index < base.values.length; index++) {
    const [channel, frame] = [Math.floor(index / (count * place)), first + (Math.floor(index / place) % count)];
    base.values[index] = Math.sin(0.37 * (index % place) + 0.9 * channel + 0.11 * frame);
  }
  return base;
}

function joined(parts: readonly Float32Tensor[]): Float32Tensor {
  return parts.reduce((first, second) => joinFrames(first, second));
}

function hold(tensors: readonly Float32Tensor[]): void {
  const bytes = tensors.reduce((sum, { values }) => sum + values.byteLength, 0);
  held_bytes = Math.max(held_bytes, bytes);
}

/** Hashes the next frames, as far as they are of the video. */
function finish(latents: Float32Tensor): void {
  const { frames: count } = latentDims(latents);
  for (let frame = 0; frame < count && finished < frames; frame++, finished++) {
    first_finished_ms ??= performance.now() - began;
    const { values } = sliceFrames(latents, frame, frame + 1);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
}
