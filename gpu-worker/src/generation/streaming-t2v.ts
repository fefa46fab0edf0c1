/**
 * How StreamingT2V (arXiv 2403.14773, sections 4.1 and 4.2) makes one chunk from noise: the frames of the chunk before
 * stand clean in front for the conditional attention to read, and the anchor's tokens keep the appearance.
 * Timesteps are the loop here; chunks are the loop in `generate.ts`.
 */

import type { Networks } from '../model/load-networks.ts';
import { type Float32Tensor, float32, joinBatches, replaceFront, sizeOf, splitBatches } from '../model/tensor.ts';
import { joinTexts, type TextEncoding } from '../model/text-encoder.ts';
import type { ChunkPlan } from './chunk-plan.ts';
import { eulerStep } from './euler-step.ts';
import { guide } from './guidance.ts';
import { drawNormals } from './noise.ts';
import { frameSigmas, makeSigmas } from './schedule.ts';
import type { GenerationState } from './state.ts';

/** What the steps of a chunk are conditioned on. */
interface Conditioning {
  readonly prompt: TextEncoding;
  readonly no_prompt: TextEncoding;
  /** [1, A, D]; null in the first chunk. */
  readonly anchor_tokens: Float32Tensor | null;
}

/** Clean latents [1, C, F, H, W]; in front, the overlap as it was given. */
export async function denoiseChunk(
  networks: Pick<Networks, 'model' | 'denoiser'>,
  state: GenerationState,
  plan: ChunkPlan,
  conditioning: Conditioning,
  signal: AbortSignal,
): Promise<Float32Tensor> {
  const { schedule, chunk } = networks.model;
  const sigmas = makeSigmas(schedule.num_inference_steps, schedule.shift);
  let latents = startLatents(networks, state, plan);
  for (let step = 0; step < schedule.num_inference_steps; step++) {
    signal.throwIfAborted();
    const from = frameSigmas(sigmas[step] ?? 0, chunk.frames, plan.overlap_frames);
    const to = frameSigmas(sigmas[step + 1] ?? 0, chunk.frames, plan.overlap_frames);
    const velocity = await predictVelocity(networks, latents, from, conditioning);
    latents = eulerStep(latents, velocity, from, to);
  }
  return latents;
}

/** Fresh noise, with the overlap in front. */
function startLatents({ model }: Pick<Networks, 'model'>, { identity, overlap }: GenerationState, plan: ChunkPlan): Float32Tensor {
  const { channels, height, width } = model.latent;
  const dims = [1, channels, model.chunk.frames, height, width];
  const { chunk_index } = plan;
  const key = { seed: identity.seed, stage: 'stream', chunk_index, step: 0, purpose: 'initial_latents' } as const;
  const noise = float32(dims, drawNormals(key, sizeOf(dims)));
  return overlap ? replaceFront(noise, overlap) : noise;
}

/** One pass of the network, or one in a batch of two where guidance has something to do. */
async function predictVelocity(
  { model, denoiser }: Pick<Networks, 'model' | 'denoiser'>,
  latents: Float32Tensor,
  frame_sigmas: Float64Array,
  { prompt, no_prompt, anchor_tokens }: Conditioning,
): Promise<Float32Tensor> {
  const { schedule, anchor, text } = model;
  const guidance_scale = anchor_tokens ? schedule.guidance_scale : schedule.first_chunk_guidance_scale;
  const conditional = {
    latents,
    sigmas: float32([1, frame_sigmas.length], Float32Array.from(frame_sigmas)),
    anchor_tokens: anchor_tokens ?? float32([1, anchor.tokens, text.width]),
    anchor_present: float32([1], Float32Array.of(anchor_tokens ? 1 : 0)),
  };
  if (guidance_scale === 1) return denoiser.predict({ ...conditional, ...prompt });

  const velocities = await denoiser.predict({
    latents: joinBatches([conditional.latents, conditional.latents]),
    sigmas: joinBatches([conditional.sigmas, conditional.sigmas]),
    anchor_tokens: joinBatches([conditional.anchor_tokens, conditional.anchor_tokens]),
    anchor_present: joinBatches([conditional.anchor_present, conditional.anchor_present]),
    ...joinTexts(prompt, no_prompt),
  });
  const [with_prompt, without_prompt] = splitBatches(velocities);
  if (!with_prompt || !without_prompt) throw new Error(`guidance needs two velocities; got [${velocities.dims}]`);
  return guide(with_prompt, without_prompt, guidance_scale);
}
