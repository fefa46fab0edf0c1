/**
 * The engine against PyTorch, eager and compiled: the same architecture, weights, steps, frames and threads on the same cores,
 * `--frames 96 --threads 1 --rounds 3`. `EVERFRAME_BENCH_PYTHON` names an interpreter with torch, onnx and onnxruntime. Ours
 * encodes its prompt too; PyTorch's does not.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readNumbers, single } from './options.ts';
import { median, report, round } from './report.ts';
import { readShipped } from './shipped-model.ts';

const asked = readNumbers({ frames: [96], threads: [1], rounds: [3] });
const [frames, threads, rounds] = [single('frames', asked.frames), single('threads', asked.threads), single('rounds', asked.rounds)];
const { EVERFRAME_BENCH_PYTHON: python } = process.env;
const VARIANTS = ['everframe', 'eager', 'compiled'] as const;

if (!python) {
  const skipped = 'EVERFRAME_BENCH_PYTHON names no interpreter: set it to a Python that has torch, numpy, onnx and onnxruntime';
  console.error(`compare: not run. ${skipped}`);
  report('compare', { skipped });
} else {
  const { dir } = await readShipped();
  const whole_ms: Record<(typeof VARIANTS)[number], number[]> = { everframe: [], eager: [], compiled: [] };
  let weights: unknown;
  for (let index = 0; index < rounds; index++) {
    for (const variant of index % 2 === 0 ? VARIANTS : VARIANTS.toReversed()) {
      const figures = variant === 'everframe' ? runOurs() : runTorch(python, variant, dir);
      whole_ms[variant].push(figures.whole_ms);
      weights = figures.weights ?? weights;
    }
  }
  const over = (variant: 'eager' | 'compiled') => round(median(whole_ms[variant]) / median(whole_ms.everframe));
  report('compare', {
    faster_than_eager: over('eager'),
    faster_than_compiled: over('compiled'),
    whole_ms,
    weights,
    ...{ frames, threads },
  });
}

interface Figures {
  readonly whole_ms: number;
  /** By how much PyTorch's velocities differ from the package's, over their deviation. */
  readonly weights?: unknown;
}

function runOurs(): Figures {
  return runIt(process.execPath, [here('one-video.ts'), '--frames', String(frames), '--threads', String(threads)]);
}

function runTorch(interpreter: string, variant: string, dir: string): Figures {
  const args = [here('torch_loop.py'), '--package', dir, '--variant', variant, '--frames', String(frames), '--threads', String(threads)];
  return runIt(interpreter, args);
}

function runIt(program: string, args: readonly string[]): Figures {
  const { status, stdout, error } = spawnSync(program, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  if (error) throw new Error(`${program} cannot be started`, { cause: error });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
