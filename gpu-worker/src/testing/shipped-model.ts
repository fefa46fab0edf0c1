/** For tests: the shipped model, quick and rough, and what is asked of it. Nothing here depends on how good a picture is. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GenerationCommand, ModelPackage } from '@everframe/shared';
import type { GeneratedChunk, InferenceOptions } from '../inference-process.ts';

export const SHIPPED = 'everframe-storybook-1';
const PACKAGES_DIR = join(import.meta.dirname, '../../../models/packages');
const model = ModelPackage.parse(JSON.parse(await readFile(join(PACKAGES_DIR, SHIPPED, 'model.json'), 'utf8')));

/** A folder with a copy of the package that takes other than its own steps; whoever asked for it removes it. */
export async function copyPackage(num_inference_steps = 2): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'everframe-packages-'));
  await cp(join(PACKAGES_DIR, SHIPPED), join(copy, SHIPPED), { recursive: true });
  const path = join(copy, SHIPPED, 'model.json');
  const settings = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...settings, schedule: { ...settings.schedule, num_inference_steps } }));
  return copy;
}

export const optionsFor = (packages_dir: string): InferenceOptions => ({ packages_dir, provider: 'cpu', threads: 1 });

export function commandFor(frames: number, change: Partial<GenerationCommand> = {}): GenerationCommand {
  const { fps, sizes, version } = model;
  const [width = 0, height = 0] = (sizes[0] ?? '').split('x').map(Number);
  const seconds = Math.ceil(frames / fps);
  return {
    model: SHIPPED,
    model_version: version,
    prompt: 'a golden puppy runs on the beach',
    negative_prompt: '',
    segments: [],
    prompt_disclosure: 'hash',
    seed: 11,
    seconds,
    frames,
    fps,
    width,
    height,
    ...change,
  };
}

/** Frames that `chunks` chunks deliver. */
export function framesOf(chunks: number): number {
  return chunks * model.chunk.latent_frames * model.latent.frames_per_latent;
}

/** Where in a chunk's frames the thumbnail's are. */
export function firstThumbnailFrame(): number {
  return model.chunk.anchor_latent_frame * model.latent.frames_per_latent;
}

/** Without what depends on the clock. */
export function picture({ denoise_ms, decode_ms, ...chunk }: GeneratedChunk) {
  assert.ok(denoise_ms > 0 && decode_ms > 0);
  return { ...chunk, frames: Buffer.from(chunk.frames), checkpoint: Buffer.from(chunk.checkpoint) };
}
