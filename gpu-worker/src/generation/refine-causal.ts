/**
 * Blending with less delay: each chunk goes through all steps before the next begins. It adopts what the chunk before it
 * predicted at the same step, but never the reverse, so frames are finished a chunk behind the base, however many steps
 * there are. Another video than exact blending makes, and a little less smooth.
 */
import { type Float32Tensor, joinFrames, latentDims, sliceFrames } from '../model/tensor.ts';
import { stepTowards } from './euler-step.ts';
import {
  cutFlow,
  type Flow,
  joinFlows,
  type Refinement,
  type RefinerStep,
  refineChunk,
  stepSigmas,
  strideOf,
  type Wavefront,
} from './refine-chunk.ts';

/** Frames wait in the first step; of the others only the tails are used. */
export async function refineCausally(
  refinement: Refinement,
  wavefront: Wavefront,
  incoming: Flow,
): Promise<{ wavefront: Wavefront; finished: Float32Tensor }> {
  const { settings } = refinement;
  const length = settings.chunk_latent_frames;
  const stride = strideOf(settings);
  let steps: readonly RefinerStep[] = wavefront;
  let waiting = joinFlows(wavefront[0], incoming);
  let finished = sliceFrames(waiting.latents, 0, 0);
  while (latentDims(waiting.latents).frames >= length) {
    const moved: RefinerStep[] = [];
    let { latents, base } = cutFlow(waiting, 0, length);
    for (const [index, step] of steps.entries()) {
      const clean = await refineChunk(refinement, { ...step, latents, base }, index);
      const { from, to } = stepSigmas(settings, index);
      latents = stepTowards(latents, clean, from, to);
      moved.push({ ...step, next_chunk: step.next_chunk + 1, tail: sliceFrames(clean, stride, length) });
    }
    steps = moved;
    finished = joinFrames(finished, sliceFrames(latents, 0, stride));
    waiting = cutFlow(waiting, stride, latentDims(waiting.latents).frames);
  }
  const [first = wavefront[0], ...rest] = steps;
  return { wavefront: [{ ...first, ...waiting }, ...rest], finished };
}
