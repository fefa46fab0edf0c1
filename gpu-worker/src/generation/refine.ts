/**
 * The second stage as a stream: base latents in, finished latents out as soon as they can no longer change. StreamingT2V's
 * randomised blending (arXiv 2403.14773, section 4.3) refines a whole video at once, step by step; in each step every chunk
 * predicts clean latents, and where two overlap a random cut decides whose count. A chunk at one step needs its neighbours
 * at the step before and nothing else. So here every step follows the one before it, some frames behind: the result is
 * that of the whole video bit for bit, and what is in flight never grows. `models/refine.py` is the twin.
 */
import type { ModelPackage } from '@everframe/shared';
import { type Float32Tensor, float32, joinFrames, latentDims, sizeOf, sliceFrames } from '../model/tensor.ts';
import { stepTowards } from './euler-step.ts';
import { drawNormals } from './noise.ts';
import { refineCausally } from './refine-causal.ts';
import {
  cutFlow,
  type Flow,
  joinFlows,
  type Refinement,
  type RefinerSettings,
  type RefinerStep,
  refineChunk,
  stepSigmas,
  strideOf,
  type Wavefront,
} from './refine-chunk.ts';

/** Latent frames that have left the last step. */
export function finishedFrames(settings: RefinerSettings, wavefront: Wavefront | null): number {
  return (wavefront?.at(-1)?.next_chunk ?? 0) * strideOf(settings);
}

/** Before the first latent frame. */
export function startWavefront(settings: RefinerSettings, latent: ModelPackage['latent']): Wavefront {
  const latents = float32([1, latent.channels, 0, settings.latent_height, settings.latent_width]);
  const base = float32([1, latent.channels, 0, latent.height, latent.width]);
  const step = { next_chunk: 0, latents, base, tail: latents };
  return [step, ...new Array<RefinerStep>(settings.num_inference_steps - 1).fill(step)];
}

/** Takes the base's next latent frames. @returns the wavefront after them, and the frames that are finished; maybe none */
export async function refine(
  refinement: Refinement,
  wavefront: Wavefront,
  base: Float32Tensor,
): Promise<{ wavefront: Wavefront; finished: Float32Tensor }> {
  const incoming = { latents: drawNoise(refinement, wavefront, latentDims(base).frames), base };
  if (refinement.settings.blending === 'causal') return refineCausally(refinement, wavefront, incoming);
  const { moved, flow } = await runSteps(refinement, wavefront, incoming, false);
  return { wavefront: moved, finished: flow.latents };
}

/**
 * What is still in flight when the video ends there. A last chunk that reaches beyond the end sees the base's last frame
 * repeated; frames made of it come out too, behind the others. The wavefront stays as it was, so a video can go on.
 */
export async function drain(refinement: Refinement, wavefront: Wavefront): Promise<Float32Tensor> {
  const { settings } = refinement;
  const [{ next_chunk, latents, base }] = wavefront;
  const { frames } = latentDims(latents);
  const complete = next_chunk > 0 && frames === settings.overlap_latent_frames;
  const padding = complete ? 0 : settings.chunk_latent_frames - frames;
  const padded = await refine(refinement, wavefront, repeatLast(base, padding));
  if (settings.blending === 'causal') return joinFrames(padded.finished, padded.wavefront.at(-1)?.tail ?? latents);
  const nothing = cutFlow(padded.wavefront[0], 0, 0);
  const { flow } = await runSteps(refinement, padded.wavefront, nothing, true);
  return joinFrames(padded.finished, flow.latents);
}

/** One step after the other, each fed with what leaves the one before. */
async function runSteps(refinement: Refinement, wavefront: Wavefront, incoming: Flow, ended: boolean) {
  const [first, ...rest] = wavefront;
  let { step, flow } = await runStep(refinement, first, incoming, 0, ended);
  const moved: [RefinerStep, ...RefinerStep[]] = [step];
  for (const [index, next] of rest.entries()) {
    ({ step, flow } = await runStep(refinement, next, flow, index + 1, ended));
    moved.push(step);
  }
  return { moved, flow };
}

/** All chunks that are complete; of each, the frames that no later chunk has go on. At the video's end all others do too. */
async function runStep(refinement: Refinement, before: RefinerStep, incoming: Flow, index: number, ended: boolean) {
  const { settings } = refinement;
  const length = settings.chunk_latent_frames;
  const stride = strideOf(settings);
  const { from, to } = stepSigmas(settings, index);
  let step: RefinerStep = { ...before, ...joinFlows(before, incoming) };
  let flow = cutFlow(step, 0, 0);
  while (latentDims(step.latents).frames >= length) {
    const clean = await refineChunk(refinement, step, index);
    flow = joinFlows(flow, advance(cutFlow(step, 0, stride), sliceFrames(clean, 0, stride)));
    const waiting = cutFlow(step, stride, latentDims(step.latents).frames);
    step = { ...waiting, next_chunk: step.next_chunk + 1, tail: sliceFrames(clean, stride, length) };
  }
  return { step, flow: ended ? joinFlows(flow, advance(step, step.tail)) : flow };

  function advance({ latents, base }: Flow, clean: Float32Tensor): Flow {
    return { latents: stepTowards(latents, clean, from, to), base };
  }
}

/** Keyed by latent frame, so that chunks share the noise of the frames that they share. */
function drawNoise({ seed, settings }: Refinement, [first]: Wavefront, count: number): Float32Tensor {
  const { channels, height, width, frames } = latentDims(first.latents);
  const first_frame = first.next_chunk * strideOf(settings) + frames;
  const dims = [1, channels, 1, height, width];
  let noise = float32([1, channels, 0, height, width]);
  for (let index = first_frame; index < first_frame + count; index++) {
    const key = { seed, stage: 'refine', index, step: 0, purpose: 'initial_latents' } as const;
    noise = joinFrames(noise, float32(dims, drawNormals(key, sizeOf(dims))));
  }
  return noise;
}

function repeatLast(latents: Float32Tensor, count: number): Float32Tensor {
  const { frames } = latentDims(latents);
  let repeated = sliceFrames(latents, 0, 0);
  for (let index = 0; index < count; index++) repeated = joinFrames(repeated, sliceFrames(latents, frames - 1, frames));
  return repeated;
}
