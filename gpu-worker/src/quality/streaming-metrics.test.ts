import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hsvOf, labOf, lumaOf } from './colours.ts';
import { type Film, findCuts, measureStreaming, seamAuc } from './streaming-metrics.ts';

const [WIDTH, HEIGHT, FRAMES] = [48, 32, 48];
type FilmName = 'moving' | 'cut' | 'ramp' | 'held' | 'colours';
interface Golden {
  readonly seams: number[];
  readonly films: Readonly<Record<FilmName, Record<string, number>>>;
  readonly colours: { readonly luma: number; readonly hsv: number[]; readonly lab: number[] };
}
const golden: Golden = JSON.parse(readFileSync(join(import.meta.dirname, 'streaming-metrics.golden.json'), 'utf8'));

for (const [name, expected] of Object.entries(golden.films)) {
  test(`every metric of the film "${name}" is the one that models/metrics.py finds`, () => {
    const found = measureStreaming(draw(name as FilmName), golden.seams);
    assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort());
    for (const [metric, wanted] of Object.entries(expected)) near(found[metric as keyof typeof found], wanted, 1e-3, metric);
  });
}

test('luma and HSV are those of OpenCV to the last bit, Lab that of models/metrics.py', () => {
  const frames = draw('colours').frames.slice(0, 4);
  assert.equal(sum(frames.flatMap((frame) => [...lumaOf(frame)])), golden.colours.luma);
  const hsv = frames.flatMap((frame) => [...hsvOf(frame)]);
  assert.deepEqual(channels(hsv).map(sum), golden.colours.hsv);
  const lab = channels(frames.flatMap((frame) => [...labOf(frame)]));
  for (const [index, wanted] of golden.colours.lab.entries()) near(sum(lab[index] ?? []) / (lab[index]?.length ?? 0), wanted, 1e-3, 'Lab');
});

test('a seam that jumps always shows, and equal steps are no seams', () => {
  const steps = Array.from({ length: 31 }, (_, t) => ([8, 16, 24].includes(t + 1) ? 2 : 1));
  assert.equal(seamAuc(steps, [8, 16, 24]), 1);
  assert.equal(seamAuc(Array(31).fill(0), [8, 16, 24]), 0.5);
  assert.ok(Number.isNaN(seamAuc(steps, [])));
});

test('a frame wider than the detector takes unscaled is refused', () => {
  const film = { width: 320, height: 1, fps: 8, frames: [new Uint8Array(960)] };
  assert.throws(() => findCuts(film), /320 pixels wide/);
});

/** The twin of `draw` in models/golden_metrics.py. */
function draw(name: FilmName): Film {
  const frames = Array.from({ length: FRAMES }, (_, t) => {
    const pixel = (x: number, y: number, channel: number) =>
      name === 'colours' ? pattern(x, y, channel, t) : boxed(name, x, y, channel, t);
    return Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, at) =>
      pixel(Math.floor(at / 3) % WIDTH, Math.floor(at / 3 / WIDTH), at % 3),
    );
  });
  return { width: WIDTH, height: HEIGHT, fps: 8, frames };
}

function pattern(x: number, y: number, channel: number, t: number): number {
  return ([37 * x + 11 * t, 59 * y + 7 * t, 23 * (x + y) + 13 * t][channel] ?? 0) % 256;
}

function boxed(name: FilmName, x: number, y: number, channel: number, t: number): number {
  const moment = name === 'held' ? Math.min(t, 24) : t;
  const across = (((x - 2 * moment) % WIDTH) + WIDTH) % WIDTH;
  const inside = across < 12 && y >= 10 && y < 20;
  const value = inside ? ([220, 60, 30][channel] ?? 0) : 40 + ((x * x + 3 * y + 29 * channel) % 120);
  if (name === 'cut' && Math.floor(t / 16) % 2 === 1) return 255 - value;
  return name === 'ramp' ? Math.min(255, value + t) : value;
}

function channels(packed: readonly number[]): number[][] {
  return [0, 1, 2].map((channel) => packed.filter((_, index) => index % 3 === channel));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function near(found: number, wanted: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(found - wanted) <= tolerance, `${what}: ${found} instead of ${wanted}, tolerance ${tolerance}`);
}
