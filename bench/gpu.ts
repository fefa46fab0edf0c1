/**
 * Frames a second of the published StreamingT2V's architecture, `--frames 24 --threads 4 --rounds 1`, and milliseconds in each of
 * its networks, against PyTorch (float16) running the same passes. `EVERFRAME_PROVIDER` is cpu, cuda or webgpu. On a GPU machine:
 *   (cd models && python -m streamingt2v.small_package --full /tmp/full)
 *   export EVERFRAME_BENCH_PACKAGE=/tmp/full EVERFRAME_BENCH_PYTHON=python3 EVERFRAME_PROVIDER=cuda
 *   npm run bench -- gpu
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { generate } from '../gpu-worker/src/generation/generate.ts';
import { startState } from '../gpu-worker/src/generation/state.ts';
import { createStreamingModelscope } from '../gpu-worker/src/generation/streaming-modelscope.ts';
import { readPackage } from '../gpu-worker/src/model/model-config.ts';
import { loadModelscope, type ModelscopeNetworks } from '../gpu-worker/src/model/modelscope-networks.ts';
import { readNumbers, readProvider, single } from './options.ts';
import { median, report, round } from './report.ts';
import { never, videoOf } from './shipped-model.ts';

const asked = readNumbers({ frames: [24], threads: [4], rounds: [1] });
const [frames, rounds] = [single('frames', asked.frames), single('rounds', asked.rounds)];
const options = { provider: readProvider(), threads: single('threads', asked.threads) };
const { EVERFRAME_BENCH_PACKAGE: dir, EVERFRAME_BENCH_PYTHON: python } = process.env;

interface Passes {
  runs: number;
  ms: number;
}
const passes: Record<string, Passes> = {};

if (dir) await measure(dir);
else {
  const skipped = 'EVERFRAME_BENCH_PACKAGE names no package: make one with `python -m streamingt2v.small_package --full FOLDER` in models/';
  console.error(`gpu: not run. ${skipped}`);
  report('gpu', { skipped });
}

async function measure(folder: string): Promise<void> {
  const networks = timed(await loadModelscope(await readPackage(folder), options));
  const { model, vae_decoder } = networks;
  const opened = { model, family: createStreamingModelscope(networks), refiner: null, text_encoder: null, vae_decoder };
  const command = videoOf(model, frames);
  const whole_ms: number[] = [];
  // The first round warms everything up.
  for (let index = -1; index < rounds; index++) {
    for (const name of Object.keys(passes)) delete passes[name];
    const began = performance.now();
    for await (const chunk of generate(command, opened, startState(command, opened), never)) {
      if (chunk.frame_count === 0) throw new Error('an empty chunk');
    }
    if (index >= 0) whole_ms.push(performance.now() - began);
  }
  report('gpu', {
    frames_per_second: round((frames * 1000) / median(whole_ms)),
    networks: passes,
    torch: python ? runTorch(python, folder) : 'EVERFRAME_BENCH_PYTHON names no interpreter with torch',
    size: model.sizes[0],
    width: model.denoiser.width,
    whole_ms,
    frames,
    ...options,
  });
}

/** `networks` is of the last round. */
function timed(networks: ModelscopeNetworks): ModelscopeNetworks {
  const time = <Args extends unknown[], Result>(name: string, run: (...args: Args) => Promise<Result>) => {
    return async (...args: Args): Promise<Result> => {
      const began = performance.now();
      const result = await run(...args);
      passes[name] ??= { runs: 0, ms: 0 };
      passes[name].runs++;
      passes[name].ms += performance.now() - began;
      return result;
    };
  };
  const { text_encoder, anchor_encoder, frame_encoder, first_stage, denoiser, vae_decoder } = networks;
  return {
    ...networks,
    text_encoder: { encode: time('text_encoder', text_encoder.encode) },
    anchor_encoder: { encode: time('anchor_encoder', anchor_encoder.encode) },
    frame_encoder: { encode: time('frame_encoder', frame_encoder.encode) },
    first_stage: { predict: time('first_stage', first_stage.predict) },
    denoiser: { predict: time('denoiser', denoiser.predict) },
    vae_decoder: { decode: time('vae_decoder', vae_decoder.decode) },
  };
}

/** The same passes in PyTorch; it is told how often each network ran. */
function runTorch(interpreter: string, folder: string): unknown {
  const { provider, threads } = options;
  const device = provider === 'cpu' ? 'cpu' : 'cuda';
  const runs = JSON.stringify(Object.fromEntries(Object.entries(passes).map(([name, { runs }]) => [name, runs])));
  const script = fileURLToPath(new URL('torch_passes.py', import.meta.url));
  const args = [script, '--package', folder, '--device', device, '--threads', String(threads), '--runs', runs];
  const { status, stdout, error } = spawnSync(interpreter, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  if (error) throw new Error(`${interpreter} cannot be started`, { cause: error });
  if (status !== 0) throw new Error(`${interpreter} ${args.join(' ')} ended with ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
