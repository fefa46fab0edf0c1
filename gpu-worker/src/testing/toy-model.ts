/** For tests: a package of toy networks, a few lines each, that keep what they were asked. */
import type { GenerationCommand, ModelPackage } from '@everframe/shared';
import type { OpenedModel } from '../generation/family.ts';
import { type Chunk, generate } from '../generation/generate.ts';
import { openedStreamingT2v } from '../generation/open-model.ts';
import type { RefinerSettings } from '../generation/refine-chunk.ts';
import { type GenerationState, startState } from '../generation/state.ts';
import type { AnchorEncoderInputs } from '../model/anchor-encoder.ts';
import type { DenoiserInputs } from '../model/denoiser.ts';
import type { Networks } from '../model/load-networks.ts';
import type { RefinerInputs } from '../model/refiner.ts';
import { type Float32Tensor, float32, latentDims, splitBatches } from '../model/tensor.ts';

export const REFINER: RefinerSettings = {
  latent_height: 2,
  latent_width: 2,
  chunk_latent_frames: 4,
  overlap_latent_frames: 2,
  num_inference_steps: 2,
  shift: 1,
  blending: 'exact',
  reads_text: false,
};

/** Chunks of two latent frames of two frames each. */
export const MODEL = {
  name: 'toy',
  version: '1.0.0',
  fps: 8,
  sizes: ['4x4'],
  latent: { channels: 2, height: 1, width: 2, frames_per_latent: 2 },
  chunk: { latent_frames: 2, overlap_latent_frames: 1, anchor_latent_frame: 1 },
  text: { max_tokens: 3, width: 4 },
  denoiser: { width: 1, blocks: 1 },
  refiner: null,
  schedule: { num_inference_steps: 3, shift: 1, first_chunk_guidance_scale: 2, guidance_scale: 1, sampler: 'euler', eta: 0 },
} as unknown as ModelPackage;

export const MODELS: Readonly<Record<string, ModelPackage>> = {
  'without refiner': MODEL,
  'exact refiner': { ...MODEL, refiner: REFINER },
  'causal refiner': { ...MODEL, refiner: { ...REFINER, blending: 'causal' } },
  'refiner that reads the text': { ...MODEL, refiner: { ...REFINER, reads_text: true } },
  'causal refiner that reads the text': { ...MODEL, refiner: { ...REFINER, blending: 'causal', reads_text: true } },
  'refiner with a shorter stride': { ...MODEL, refiner: { ...REFINER, chunk_latent_frames: 3, num_inference_steps: 3 } },
};

export const COMMAND: GenerationCommand = {
  ...{ model: 'toy', model_version: '1.0.0', prompt: 'ball', negative_prompt: '', segments: [], prompt_disclosure: 'hash', seed: 5 },
  ...{ seconds: 2, frames: 16, fps: 8, width: 4, height: 4 },
};

/** Networks of a few lines that keep what they were asked. Velocity is the latents plus what conditions them. */
export function standIn(model: ModelPackage = MODEL) {
  const asked = {
    prompts: [] as (string | null)[],
    anchors: [] as AnchorEncoderInputs[],
    overlaps: [] as Float32Tensor[],
    denoiser: [] as DenoiserInputs[],
    refiner: [] as Omit<RefinerInputs, 'sigma'>[],
  };
  const networks: Networks = {
    model,
    text_encoder: {
      async encode(prompt) {
        asked.prompts.push(prompt);
        const text = float32([1, 3, 4], new Float32Array(12).fill(prompt?.length ?? 0));
        return { text, text_mask: float32([1, 3], new Float32Array(3).fill(1)) };
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
      async predict({ latents, base, told }) {
        asked.refiner.push({ latents, base, told });
        const { frames, height, width } = latentDims(latents);
        const textOf = (index: number) => told?.text.values[12 * (Math.floor(index / (height * width)) % frames)] ?? 0;
        return float32(
          latents.dims,
          latents.values.map((value, index) => Math.sin(value) - (base.values[index >> 1] ?? 0) - 0.1 * textOf(index)),
        );
      },
    },
    vae_encoder: null,
    vae_decoder: {
      async decode({ dims, values }, before) {
        const [count = 0] = dims;
        const size = values.length / count;
        return Uint8Array.from({ length: count * 96 }, (_, index) => {
          const at = Math.floor(index / 96) * size + (index % size);
          return 128 + 20 * (values[at] ?? 0) + 9 * (values[at - size] ?? before?.values[at] ?? 0);
        });
      },
    },
  };
  return { networks, asked, opened: openedStreamingT2v(networks) };
}

export const never: AbortSignal = new AbortController().signal;

/** Every chunk, from `start` or from the video's first. */
export async function make(
  opened: OpenedModel,
  change: Partial<GenerationCommand> = {},
  start?: GenerationState,
  signal: AbortSignal = never,
): Promise<Chunk[]> {
  const command = { ...COMMAND, ...change };
  const chunks: Chunk[] = [];
  for await (const chunk of generate(command, opened, start ?? startState(command, opened), signal)) chunks.push(chunk);
  return chunks;
}
