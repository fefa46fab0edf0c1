/** For tests: the refiner's algorithm on a whole video at once, and as the stream that must equal it. */

import { cleanLatents, stepTowards } from '../generation/euler-step.ts';
import { drawBelow, drawNormals } from '../generation/noise.ts';
import { drain, refine, startWavefront } from '../generation/refine.ts';
import type { Refinement, Wavefront } from '../generation/refine-chunk.ts';
import { makeSigmas } from '../generation/schedule.ts';
import { type Float32Tensor, float32, joinFrames, latentDims, sizeOf, sliceFrames } from '../model/tensor.ts';

/** The algorithm as the paper has it: all chunks of the whole video, then the next step. */
export async function refineWhole({ network, settings, texts, seed }: Refinement, base: Float32Tensor): Promise<Float32Tensor> {
  const { chunk_latent_frames: length, overlap_latent_frames: overlap, num_inference_steps, shift } = settings;
  const { channels, frames } = latentDims(base);
  const stride = length - overlap;
  const chunks = 1 + Math.max(0, Math.ceil((frames - length) / stride));
  const total = (chunks - 1) * stride + length;
  let padded = base;
  while (latentDims(padded).frames < total) padded = joinFrames(padded, sliceFrames(base, frames - 1, frames));
  const frame = [1, channels, 1, settings.latent_height, settings.latent_width];
  const noiseOf = (index: number) =>
    float32(frame, drawNormals({ seed, stage: 'refine', index, step: 0, purpose: 'initial_latents' }, sizeOf(frame)));
  let latents = noiseOf(0);
  for (let index = 1; index < total; index++) latents = joinFrames(latents, noiseOf(index));
  const sigmas = makeSigmas(num_inference_steps, shift);
  for (let step = 0; step < num_inference_steps; step++) {
    const [from = 0, to = 0] = sigmas.slice(step, step + 2);
    let clean = latents;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const start = chunk * stride;
      const cut = sliceFrames(latents, start, start + length);
      const inputs = { latents: cut, sigma: float32([1], Float32Array.of(from)), base: sliceFrames(padded, start, start + length) };
      const predicted = cleanLatents(cut, await network.predict({ ...inputs, told: texts?.of(start, length) ?? null }), from);
      const offset = chunk === 0 ? 0 : drawBelow({ seed, stage: 'refine', index: chunk, step, purpose: 'blend_offset' }, overlap);
      const front = joinFrames(sliceFrames(clean, 0, start + offset), sliceFrames(predicted, offset, length));
      clean = joinFrames(front, sliceFrames(clean, start + length, total));
    }
    latents = stepTowards(latents, clean, from, to);
  }
  return sliceFrames(latents, 0, frames);
}

/** Base frames come `at_once`; what is finished after each, and at the end all of it. */
export async function refineStreamed(refinement: Refinement, base: Float32Tensor, at_once: number) {
  const { channels, frames, height, width } = latentDims(base);
  let wavefront: Wavefront = startWavefront(refinement.settings, { channels, height, width, frames_per_latent: 1 });
  const wavefronts: Wavefront[] = [];
  const finished_after: number[] = [];
  let result = sliceFrames(wavefront[0].latents, 0, 0);
  for (let first = 0; first < frames; first += at_once) {
    const refined = await refine(refinement, wavefront, sliceFrames(base, first, Math.min(frames, first + at_once)));
    wavefront = refined.wavefront;
    wavefronts.push(wavefront);
    result = joinFrames(result, refined.finished);
    finished_after.push(latentDims(result).frames);
  }
  const rest = await drain(refinement, wavefront);
  return { result: sliceFrames(joinFrames(result, rest), 0, frames), wavefronts, finished_after };
}
