/**
 * Windows of frames that carry no mark, to see whether one is found in them: generated clips and other pictures, cut, cropped,
 * mirrored and lit at random, and noise of several grains. Each has a number, and the same number gives the same window of the same clips.
 */
import { mulberry32 } from '@everframe/shared/mulberry32';

export interface GreyClip {
  readonly width: number;
  readonly height: number;
  /** Luma, a byte a pixel. */
  readonly frames: readonly Uint8Array[];
}

/** Every fourth window is noise; the others are of the clips. @param number from 1 */
export function unmarkedWindow(clips: readonly GreyClip[], frames: number, number: number): GreyClip {
  // Neighbouring seeds give neighbouring first numbers, so they are spread.
  const random = mulberry32(Math.imul(number, 0x9e3779b1));
  const clip = clips[Math.floor(random() * clips.length)];
  return clip && number % 4 !== 0 ? cutOf(clip, frames, random) : noise(frames, random);
}

function cutOf(clip: GreyClip, count: number, random: () => number): GreyClip {
  const start = Math.floor(random() * Math.max(1, clip.frames.length - count + 1));
  const share = random() < 0.5 ? 1 : 0.8 + 0.2 * random();
  const [width, height] = [Math.floor(clip.width * share), Math.floor(clip.height * share)];
  const [left, top] = [Math.floor(random() * (clip.width - width + 1)), Math.floor(random() * (clip.height - height + 1))];
  const [gain, offset, mirrored] = [0.8 + 0.4 * random(), 20 * random() - 10, random() < 0.2];
  const cut = (frame: Uint8Array) => {
    const pixels = new Uint8Array(width * height);
    for (let y = 0, pixel = 0; y < height; y++) {
      const row = (top + y) * clip.width + left;
      for (let x = 0; x < width; x++, pixel++) {
        const value = (frame[row + (mirrored ? width - 1 - x : x)] ?? 0) * gain + offset;
        pixels[pixel] = Math.max(0, Math.min(255, value));
      }
    }
    return pixels;
  };
  return { width, height, frames: clip.frames.slice(start, start + count).map(cut) };
}

function noise(count: number, random: () => number): GreyClip {
  const [width, height, grain, strength, still] = [128, 128, 1 + Math.floor(random() * 6), 4 + 120 * random(), random() < 0.5];
  const coarse = new Float64Array(width * height);
  const field = () => {
    for (let at = 0; at < coarse.length; at++) coarse[at] = 128 + strength * (random() - 0.5);
    const pixels = new Uint8Array(width * height);
    for (let pixel = 0; pixel < pixels.length; pixel++) {
      pixels[pixel] = coarse[Math.floor(Math.floor(pixel / width) / grain) * width + Math.floor((pixel % width) / grain)] ?? 0;
    }
    return pixels;
  };
  const first = field();
  return { width, height, frames: Array.from({ length: count }, () => (still ? first : field())) };
}
