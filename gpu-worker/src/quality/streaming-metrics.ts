/**
 * How a finished video holds together, from its frames alone: the twin of models/metrics.py, without what needs optical
 * flow there. `golden_metrics.py` writes the numbers that bind the two.
 */
import { hsvOf, labOf, lumaOf } from './colours.ts';

/** PySceneDetect's AdaptiveDetector at its defaults. */
const NEIGHBOURS = 2;
const CUT_RATIO = 3;
const CUT_SCORE = 15;
const CUT_FRAMES = 15;
/** Of the video, at its beginning and at its end. */
const ENDS = 0.15;
/** Grey levels; the slowest thing of the storybook changes four times as much from frame to frame. */
const HELD_DIFFERENCE = 0.25;

export interface Film {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** 8-bit RGB, packed. */
  readonly frames: readonly Uint8Array[];
}

export interface StreamingMetrics {
  readonly scuts: number;
  /** By sign; 0.5 is a seam that nobody can find, 1 one that always shows. NaN for a video of one chunk. */
  readonly seam_auc_difference: number;
  readonly seam_auc_jerk: number;
  readonly seam_auc_colour: number;
  /** Share of steps in which the picture does not change, and the longest run of them. */
  readonly held: number;
  readonly longest_held_seconds: number;
  /** |mean over the first 15 % - over the last 15 %|. */
  readonly drift_colour: number;
  readonly drift_chroma: number;
  readonly drift_contrast: number;
  readonly drift_sharpness: number;
}

/** @param seams first frame of each chunk but the first */
export function measureStreaming(film: Film, seams: readonly number[]): StreamingMetrics {
  const lumas = film.frames.map(lumaOf);
  const difference = lumas.slice(1).map((luma, index) => meanDifference([lumas[index] ?? luma, luma]));
  // The first step has no step before it.
  const jerk = [Number.NaN, ...lumas.slice(2).map((luma, index) => meanJerk(lumas[index] ?? luma, lumas[index + 1] ?? luma, luma))];
  const means = film.frames.map((frame) => meanColour(labOf(frame)));
  const colour = means.slice(1).map((mean, index) => distance(mean, means[index] ?? mean));
  return {
    scuts: findCuts(film).length,
    seam_auc_difference: seamAuc(difference, seams),
    seam_auc_jerk: seamAuc(jerk, seams),
    seam_auc_colour: seamAuc(colour, seams),
    ...holding(difference, film.fps),
    ...drift(film),
  };
}

/**
 * P(step at a seam > step inside the chunk it opens) + P(equal) / 2. The step right behind a seam is left out: second
 * differences still see the seam there.
 * @param values of the step from frame t to t + 1
 */
export function seamAuc(values: readonly number[], seams: readonly number[]): number {
  const wins = seams.flatMap((seam, index) => {
    const inside = values.slice(seam + 1, (seams[index + 1] ?? values.length + 1) - 1);
    const at = values[seam - 1] ?? Number.NaN;
    return inside.length === 0 ? [] : [mean(inside.map((value) => (at > value ? 1 : at === value ? 0.5 : 0)))];
  });
  return mean(wins);
}

/** First frames of new shots. Hue differences are plain, and the shortest scene counts from the frame read last: as there. */
export function findCuts({ frames, width }: Film): number[] {
  if (width > 256) throw new RangeError(`a frame is ${width} pixels wide; the detector's own scaling begins above 256, which is not here`);
  const hsv = frames.map(hsvOf);
  const scores = [0, ...hsv.slice(1).map((next, index) => meanDifference([hsv[index] ?? next, next]))];
  const cuts: number[] = [];
  let last = 0;
  for (let t = NEIGHBOURS; t < scores.length - NEIGHBOURS; t++) {
    const score = scores[t] ?? 0;
    const average = mean([...scores.slice(t - NEIGHBOURS, t), ...scores.slice(t + 1, t + NEIGHBOURS + 1)]);
    const ratio = average >= 1e-5 ? Math.min(score / average, 255) : score >= CUT_SCORE ? 255 : 0;
    if (ratio >= CUT_RATIO && score >= CUT_SCORE && t + NEIGHBOURS - last >= CUT_FRAMES) {
      cuts.push(t);
      last = t;
    }
  }
  return cuts;
}

function holding(difference: readonly number[], fps: number): Pick<StreamingMetrics, 'held' | 'longest_held_seconds'> {
  let longest = 0;
  let run = 0;
  for (const step of difference) {
    run = step < HELD_DIFFERENCE ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return { held: mean(difference.map((step) => (step < HELD_DIFFERENCE ? 1 : 0))), longest_held_seconds: longest / fps };
}

function drift({ frames, width }: Film) {
  const count = Math.max(1, roundToEven(frames.length * ENDS));
  const [first, last] = [looks(frames.slice(0, count), width), looks(frames.slice(-count), width)];
  return {
    drift_colour: distance(first.colour, last.colour),
    drift_chroma: Math.abs(first.chroma - last.chroma),
    drift_contrast: Math.abs(first.contrast - last.contrast),
    drift_sharpness: Math.abs(first.sharpness - last.sharpness),
  };
}

function looks(frames: readonly Uint8Array[], width: number) {
  const labs = frames.map(labOf);
  const lightness = labs.map((lab) => lab.filter((_, index) => index % 3 === 0));
  return {
    colour: [0, 1, 2].map((channel) => mean(labs.map((lab) => meanColour(lab)[channel] ?? 0))),
    chroma: mean(labs.map(meanChroma)),
    contrast: mean(lightness.map((values) => Math.sqrt(variance(values)))),
    sharpness: mean(lightness.map((values) => Math.log(variance(laplacian(values, width)) + 1e-3))),
  };
}

/** The kernel 0 1 0, 1 -4 1, 0 1 0; beyond the edge the picture is mirrored about its last pixels. */
function laplacian(values: Float32Array, width: number): Float32Array {
  const out = new Float32Array(values.length);
  const below = values.length - width;
  for (let index = 0; index < values.length; index++) {
    const column = index % width;
    const up = values[index < width ? index + width : index - width] ?? 0;
    const down = values[index >= below ? index - width : index + width] ?? 0;
    const left = values[column === 0 ? index + 1 : index - 1] ?? 0;
    const right = values[column === width - 1 ? index - 1 : index + 1] ?? 0;
    out[index] = up + down + left + right - 4 * (values[index] ?? 0);
  }
  return out;
}

function meanDifference([a, b]: readonly [Uint8Array, Uint8Array]): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += Math.abs((b[index] ?? 0) - (a[index] ?? 0));
  return sum / a.length;
}

function meanJerk(before: Uint8Array, here: Uint8Array, after: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < here.length; index++) sum += Math.abs((after[index] ?? 0) - 2 * (here[index] ?? 0) + (before[index] ?? 0));
  return sum / here.length;
}

function meanColour(lab: Float32Array): number[] {
  const sums = [0, 0, 0];
  for (let index = 0; index < lab.length; index++) sums[index % 3] = (sums[index % 3] ?? 0) + (lab[index] ?? 0);
  return sums.map((sum) => (3 * sum) / lab.length);
}

function meanChroma(lab: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < lab.length; at += 3) sum += Math.hypot(lab[at + 1] ?? 0, lab[at + 2] ?? 0);
  return (3 * sum) / lab.length;
}

function variance(values: Float32Array): number {
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** 2));
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, index) => value - (b[index] ?? 0)));
}

/** NaN of nothing. */
function mean(values: Float32Array | readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Python's. */
function roundToEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 && below % 2 === 0 ? below : Math.round(value);
}
