/**
 * The shipped refiner as a wavefront against the whole video at once, `--latent-frames 240 --threads 1 --frames 96`: time to the
 * first finished frames, time for all, and memory, each in a fresh process; both must come to the same numbers. Causal blending
 * comes to others, sooner: how much another video of `frames` frames it makes is said in decibels and in levels of 255.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { refinerDelay } from '@everframe/shared';
import type { OpenedModel } from '../gpu-worker/src/generation/family.ts';
import { generate } from '../gpu-worker/src/generation/generate.ts';
import { openModel } from '../gpu-worker/src/generation/open-model.ts';
import { startState } from '../gpu-worker/src/generation/state.ts';
import { readNumbers, single } from './options.ts';
import type { RefineFigures } from './refine-once.ts';
import { report, round } from './report.ts';
import { never, readShipped, videoOf } from './shipped-model.ts';

const asked = readNumbers({ 'latent-frames': [240], threads: [1], frames: [96] });
const latent_frames = single('latent-frames', asked['latent-frames']);
const threads = single('threads', asked.threads);

const [wavefront, whole, causal] = [measure('wavefront'), measure('whole'), measure('causal')];
if (wavefront.sha256 !== whole.sha256) throw new Error('the wavefront is not what the whole video at once is');
report('wavefront', {
  ...{ wavefront, whole, causal, latent_frames, threads },
  whole_over_wavefront: {
    held_bytes: round(whole.held_bytes / wavefront.held_bytes),
    first_finished_ms: round(whole.first_finished_ms / wavefront.first_finished_ms),
    all_ms: round(whole.all_ms / wavefront.all_ms),
  },
  causal_against_exact: await compareCausal(single('frames', asked.frames)),
});

function measure(variant: string): RefineFigures {
  const args = ['--latent-frames', String(latent_frames), '--threads', String(threads)];
  const { status, stdout } = spawnSync(process.execPath, [fileURLToPath(new URL('refine-once.ts', import.meta.url)), ...args], {
    env: { ...process.env, VARIANT: variant },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the variant ${variant} ended with ${status}`);
  return JSON.parse(stdout);
}

async function compareCausal(frames: number) {
  const exact = await openModel(await readShipped(), { provider: 'cpu', threads });
  const { model } = exact;
  if (!model.refiner) throw new Error(`${model.name} has no refiner`);
  const refiner = { ...model.refiner, blending: 'causal' as const };
  const [one, other] = [await makeFrames(exact, frames), await makeFrames({ ...exact, model: { ...model, refiner } }, frames)];
  const differences = one.map((value, index) => Math.abs(value - (other[index] ?? 0)));
  const mean_square = differences.reduce((sum, value) => sum + value * value, 0) / differences.length;
  return {
    frames,
    psnr_db: mean_square === 0 ? null : round(10 * Math.log10(255 ** 2 / mean_square)),
    mean_level: round(differences.reduce((sum, value) => sum + value, 0) / differences.length),
    most_levels: differences.reduce((most, value) => Math.max(most, value), 0),
    delay_latent_frames: { exact: refinerDelay(model.refiner), causal: refinerDelay(refiner) },
  };
}

async function makeFrames(opened: OpenedModel, frames: number): Promise<Int16Array> {
  const command = videoOf(opened.model, frames);
  const parts: Uint8Array[] = [];
  for await (const chunk of generate(command, opened, startState(command, opened), never)) parts.push(chunk.frames);
  // Differences of bytes have a sign.
  return Int16Array.from(Buffer.concat(parts));
}
