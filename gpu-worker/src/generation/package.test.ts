/** The streaming loop and the refiner with the shipped package: against Python's loops, and against themselves. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GenerationCommand } from '@everframe/shared';
import { loadNetworks } from '../model/load-networks.ts';
import { readPackage } from '../model/model-config.ts';
import { assertSummary, tellHalves, wave } from '../testing/golden.ts';
import { refineStreamed, refineWhole } from '../testing/refine-whole.ts';
import { loadState, saveState } from './checkpoint.ts';
import type { OpenedModel } from './family.ts';
import { type Chunk, generate } from './generate.ts';
import { openedStreamingT2v } from './open-model.ts';
import type { FrameTexts, Refinement } from './refine-chunk.ts';
import { type GenerationState, startState } from './state.ts';

const installed = await readPackage(join(import.meta.dirname, '../../../models/packages/everframe-storybook-1'));
const networks = await loadNetworks(installed, { provider: 'cpu', threads: 1 });
const opened = openedStreamingT2v(networks);
const { model } = networks;
const { channels, height, width } = model.latent;
const chunk_frames = model.chunk.latent_frames * model.latent.frames_per_latent;
const never = new AbortController().signal;
const [video_width = 0, video_height = 0] = (model.sizes[0] ?? '').split('x').map(Number);

function golden(name: string) {
  return JSON.parse(readFileSync(join(installed.dir, 'golden', `${name}.json`), 'utf8'));
}

function commandFor(chunks: number, change: Partial<GenerationCommand>): GenerationCommand {
  return {
    model: model.name,
    model_version: model.version,
    prompt: 'a golden puppy runs on the beach',
    negative_prompt: '',
    segments: [],
    prompt_disclosure: 'hash',
    seed: 3,
    seconds: chunks,
    frames: chunks * chunk_frames,
    fps: model.fps,
    width: video_width,
    height: video_height,
    ...change,
  };
}

function refinementOf(seed: number, texts: FrameTexts | null): Refinement {
  assert.ok(networks.refiner && model.refiner);
  return { network: networks.refiner, settings: model.refiner, texts, seed, signal: never };
}

/** Null where the refiner reads none. */
async function textsFor(prompts: [string, string], frames: number): Promise<FrameTexts | null> {
  return model.refiner?.reads_text ? tellHalves(networks.text_encoder, prompts, frames) : null;
}

async function collect(command: GenerationCommand, state: GenerationState, on: OpenedModel = opened): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of generate(command, on, state, never)) chunks.push(chunk);
  return chunks;
}

for (const frames of [8, 12]) {
  test(`${frames / 2 - 1} chunks refined as they come are those of the whole video, bit for bit`, async () => {
    const base = wave(1, channels, frames, height, width);
    const refinement = refinementOf(3, await textsFor(['a golden puppy', 'a boat sails on a blue sea'], frames));
    const { result } = await refineStreamed(refinement, base, model.chunk.latent_frames);
    assert.deepEqual(result, await refineWhole(refinement, base));
  });
}

test('a video is refined as in Python', async () => {
  const { seed, base_frames, tolerance_video, video, prompts } = golden('refiner');
  const refinement = refinementOf(seed, await textsFor(prompts, base_frames));
  const { result } = await refineStreamed(refinement, wave(1, channels, base_frames, height, width), model.chunk.latent_frames);
  assertSummary(result, video, tolerance_video);
});

test('a video whose prompt changes is made as in Python, chunk by chunk', async () => {
  const { prompts, renewing, seed, tolerance, overlaps } = golden('video');
  const segments = [{ start_frame: renewing * chunk_frames, prompt: prompts[1], anchor: 'renew' as const, blend_chunks: 0 }];
  // Without the refiner, so that each chunk comes at once.
  const base: OpenedModel = {
    ...opened,
    model: { ...model, refiner: null },
    refiner: null,
    vae_decoder: { decode: async () => new Uint8Array(video_width * video_height * 3 * chunk_frames) },
  };
  const command = commandFor(overlaps.length, { prompt: prompts[0], segments, seed });
  const made = await collect(command, startState(command, base), base);
  assert.equal(made.length, overlaps.length);
  for (const [index, { state }] of made.entries()) {
    const { overlap } = await base.family.save(state.memory);
    assert.ok(overlap);
    assertSummary(overlap, overlaps[index], tolerance);
  }
});

test('a video resumed at any of its chunks is the same, byte for byte', async () => {
  const command = commandFor(4, {
    segments: [{ start_frame: chunk_frames, prompt: 'a boat sails on a blue sea', anchor: 'renew', blend_chunks: 0 }],
  });
  const whole = await collect(command, startState(command, opened));
  assert.equal(whole.length, 4);
  for (const [index, { state }] of whole.entries()) {
    assert.deepEqual(
      await collect(command, await loadState(await saveState(state, opened), command, opened)),
      whole.slice(index + 1),
      `behind chunk ${index}`,
    );
  }
});
