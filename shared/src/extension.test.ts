import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EverframeError } from './errors.ts';
import { type ExtendVideoRequest, extensionPrompt, toExtensionCommand } from './extension.ts';
import { GenerationCommand } from './generation.ts';
import type { ModelPackage } from './model-package.ts';
import { deliveredMicroUsd, newSeconds, priceOf } from './price.ts';

/** Chunks of 3 s, at 8 frames a second. */
const MODEL = {
  ...{ name: 'm', version: '1', fps: 8, seconds: { min: 1, max: 20, default: 4 } },
  ...{ chunk: { latent_frames: 12 }, latent: { frames_per_latent: 2 }, price_micro_usd_per_second: 1001 },
} as unknown as ModelPackage;

const PARENT = GenerationCommand.parse({
  ...{ model: 'm', model_version: '1', prompt: 'a red ball', negative_prompt: 'rain', seed: 7, seconds: 7, frames: 56, fps: 8 },
  ...{ width: 128, height: 128, segments: [{ start_frame: 24, prompt: 'a dog' }] },
  input_reference: { key: 'k', sha256: '0'.repeat(64), bytes: 1 },
});

const extend = (request: ExtendVideoRequest, parent = PARENT) => toExtensionCommand(request, 'video_1', parent, [MODEL]);

test('the longer video was told what the shorter one was, and the new prompt from its end on', () => {
  const command = extend({ prompt: 'a cat', seconds: '6', segments: [{ start: 3, prompt: 'a fish', anchor: 'blend' }] });
  assert.deepEqual(command, {
    ...PARENT,
    segments: [
      ...PARENT.segments,
      { start_frame: 56, prompt: 'a cat', anchor: 'renew', blend_chunks: 0 },
      { start_frame: 80, prompt: 'a fish', anchor: 'blend', blend_chunks: 0 },
    ],
    // Its third chunk was cut short at 56 of 72.
    continues: { video_id: 'video_1', frames: 56, kept_frames: 48 },
    seconds: 13,
    frames: 104,
  });
  assert.deepEqual(GenerationCommand.parse(command), command);
  assert.deepEqual([extensionPrompt(command), extensionPrompt(PARENT)], ['a cat', undefined]);
});

test('a video of less than a chunk is made again from the same picture', () => {
  const short = { ...PARENT, seconds: 2, frames: 16, segments: [] };
  const command = extend({ prompt: 'a red ball', seconds: 4 }, short);
  assert.deepEqual([command.continues?.kept_frames, command.input_reference], [0, PARENT.input_reference]);
  assert.equal(command.segments[0]?.anchor, 'keep');
});

test('only new frames cost something, those that are made again do not', () => {
  const command = extend({ prompt: 'a cat', seconds: 5 });
  const price = priceOf(command, [MODEL]);
  assert.deepEqual([newSeconds(command), price.micro_usd], [5, 5005]);
  assert.deepEqual(
    [48, 52, 56, 64, 96].map((frames) => deliveredMicroUsd(price, command, frames)),
    [0, 0, 0, 1001, 5005],
  );
});

test('what cannot be seen, or would be too long, is refused', () => {
  const cases: [ExtendVideoRequest, string, RegExp][] = [
    [{ prompt: 'a cat', seconds: 14 }, 'seconds', /would make the video 21 s long; m makes up to 20\. Ask for 13 or fewer/],
    [{ prompt: 'a cat', seconds: 2 }, 'seconds', /must be 3 or more/],
    [{ prompt: 'a cat', seconds: 5, segments: [{ start: 2, prompt: 'b' }] }, 'segments[0].start', /is 2 s\. .* every 3 s/],
  ];
  for (const [request, param, message] of cases) {
    assert.throws(
      () => extend(request),
      (error) => error instanceof EverframeError && error.param === param && message.test(error.message),
      JSON.stringify(request),
    );
  }
});
