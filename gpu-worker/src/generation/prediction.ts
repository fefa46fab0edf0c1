/** What a network's prediction says of clean latents and of noise, one number at a time: noisy = alpha * clean + sigma * noise. */
import type { NoiseLevel } from './schedule.ts';

/** `velocity`: noise - clean, where alpha = 1 - sigma. `epsilon`: noise. `v`: alpha * noise - sigma * clean. */
export type Prediction = 'velocity' | 'epsilon' | 'v';

export function cleanOf(prediction: Prediction, noisy: number, predicted: number, { alpha, sigma }: NoiseLevel): number {
  switch (prediction) {
    case 'velocity':
      return noisy - sigma * predicted;
    case 'epsilon':
      return (noisy - sigma * predicted) / alpha;
    case 'v':
      return alpha * noisy - sigma * predicted;
  }
}

export function noiseOf(prediction: Prediction, noisy: number, predicted: number, { alpha, sigma }: NoiseLevel): number {
  switch (prediction) {
    case 'velocity':
      return noisy + alpha * predicted;
    case 'epsilon':
      return predicted;
    case 'v':
      return sigma * noisy + alpha * predicted;
  }
}
