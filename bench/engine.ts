/**
 * What the streaming loop costs and how fast it is, `--threads 1 --seconds 8 --rounds 7`. Loop time over bare network time:
 * `generate` against the same passes of the same graphs with nothing between them. Both alternate in one process: a ratio
 * near 1 drowns in the noise between two processes on a shared machine, and neighboring rounds share theirs. Seconds of video
 * per second, and the time to the first chunk, each with the package's refiner, with causal blending, and without a refiner.
 * `EVERFRAME_PROVIDER` is cpu, cuda or webgpu, as for the worker.
 */
import type { OpenedModel } from '../gpu-worker/src/generation/family.ts';
import { generate } from '../gpu-worker/src/generation/generate.ts';
import { openModel } from '../gpu-worker/src/generation/open-model.ts';
import { startState } from '../gpu-worker/src/generation/state.ts';
import { openBare } from './bare-networks.ts';
import { readNumbers, readProvider, single } from './options.ts';
import { median, report, round } from './report.ts';
import { never, readShipped, videoOf } from './shipped-model.ts';
import { withoutRefiner } from './without-refiner.ts';

const asked = readNumbers({ rounds: [7], seconds: [8], threads: [1] });
const [rounds, seconds, threads] = [single('rounds', asked.rounds), single('seconds', asked.seconds), single('threads', asked.threads)];

const options = { provider: readProvider(), threads };
const installed = await readShipped();
const { model } = installed;
const opened = await openModel(installed, options);
const runBare = await openBare(installed, options);
const frames = seconds * model.fps;

const variants: Readonly<Record<string, OpenedModel>> = {
  with_refiner: opened,
  causal_refiner: { ...opened, model: { ...model, refiner: model.refiner && { ...model.refiner, blending: 'causal' } } },
  without_refiner: withoutRefiner(opened),
};
const names = Object.keys(variants);
const whole_ms = new Map(names.map((name) => [name, [] as number[]]));
const first_chunk_ms = new Map(names.map((name) => [name, [] as number[]]));
const bare_ms: number[] = [];

for (let index = -1; index < rounds; index++) {
  const order = ['bare', ...names];
  for (const name of index % 2 === 0 ? order : order.toReversed()) {
    const variant = variants[name];
    const began = performance.now();
    const first = variant ? await makeVideo(variant) : await runBare(frames);
    const ended = performance.now();
    // The first round warms everything up.
    if (index < 0) continue;
    if (first === undefined) {
      bare_ms.push(ended - began);
      continue;
    }
    whole_ms.get(name)?.push(ended - began);
    first_chunk_ms.get(name)?.push(first - began);
  }
}

const loop_ms = whole_ms.get('with_refiner') ?? [];
report('engine', {
  loop_over_bare_networks: round(median(loop_ms.map((value, index) => value / (bare_ms[index] ?? Number.NaN)))),
  times_real_time: ofEach(whole_ms, (values) => round((seconds * 1000) / median(values))),
  first_chunk_ms: ofEach(first_chunk_ms, (values) => round(median(values))),
  seconds_of_video: seconds,
  ...options,
  rounds: {
    bare_ms: bare_ms.map(Math.round),
    whole_ms: ofEach(whole_ms, (values) => values.map(Math.round)),
    first_chunk_ms: ofEach(first_chunk_ms, (values) => values.map(Math.round)),
  },
});

/** @returns when its first chunk was there */
async function makeVideo(variant: OpenedModel): Promise<number> {
  const command = videoOf(model, frames);
  let first: number | undefined;
  for await (const chunk of generate(command, variant, startState(command, variant), never)) {
    if (chunk.frame_count === 0) throw new Error('an empty chunk');
    first ??= performance.now();
  }
  if (first === undefined) throw new Error('a video without chunks');
  return first;
}

function ofEach<Figure>(
  times: ReadonlyMap<string, readonly number[]>,
  figure: (values: readonly number[]) => Figure,
): Record<string, Figure> {
  return Object.fromEntries([...times].map(([name, values]) => [name, figure(values)]));
}
