/**
 * Noise levels of a chunk's steps. The convention, stated once:
 * noisy = (1 - sigma) * clean + sigma * noise, velocity = noise - clean, and sigmas fall from 1 to a final 0.
 * `models/schedule.py` is the twin.
 */

/**
 * One more than there are steps, evenly spaced, then shifted towards 1.
 * @param shift sigma' = shift * sigma / (1 + (shift - 1) * sigma); 1 leaves them even
 */
export function makeSigmas(num_inference_steps: number, shift: number): Float64Array {
  return Float64Array.from({ length: num_inference_steps + 1 }, (_, index) => {
    const sigma = 1 - index / num_inference_steps;
    return (shift * sigma) / (1 + (shift - 1) * sigma);
  });
}
