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

/** One chunk of 3 s ahead of what is delivered. */
const REFINED = { ...MODEL, refiner: { chunk_latent_frames: 12, overlap_latent_frames: 6, num_inference_steps: 2, blending: 'exact' } };

test('a branch keeps what holds before its border, from the chunk whose state is just there', () => {
  for (const [model, kept_frames] of [
    [MODEL, 24],
    [REFINED as unknown as ModelPackage, 0],
  ] as const) {
    const command = toExtensionCommand(
      { prompt: 'a cat', seconds: 6, from_seconds: '3', segments: [{ start: 3, prompt: 'b' }] },
      'v',
      PARENT,
      [model],
    );
    assert.deepEqual(command.continues, { video_id: 'v', frames: 24, kept_frames });
    // What the old video was told at that very border is told no more.
    assert.deepEqual(
      command.segments.map(({ start_frame, prompt }) => [start_frame, prompt]),
      [
        [24, 'a cat'],
        [48, 'b'],
      ],
    );
    assert.deepEqual([command.seconds, command.frames, newSeconds(command), extensionPrompt(command)], [9, 72, 6, 'a cat']);
  }
  const same = extend({ prompt: 'a dog', seconds: 3, from_seconds: 6 });
  assert.deepEqual(
    same.segments.map(({ start_frame, anchor }) => [start_frame, anchor]),
    [
      [24, 'renew'],
      [48, 'keep'],
    ],
  );
  assert.deepEqual(extend({ prompt: 'a cat', seconds: 6, from_seconds: 7 }), extend({ prompt: 'a cat', seconds: 6 }));
});

test('a branch that cannot be made is refused, with what can', () => {
  const extended = { ...PARENT, frames: 120, seconds: 15, continues: { video_id: 'video_0', frames: 48, kept_frames: 48 } };
  const edited = { ...PARENT, edits: { video_id: 'video_0', strength: 0.5 } } as typeof PARENT;
  const cases: [unknown, typeof PARENT, RegExp][] = [
    [0, PARENT, /more than 0 and at most 7, where the video ends; got 0/],
    [-1, PARENT, /more than 0/],
    [8, PARENT, /at most 7/],
    [Number.NaN, PARENT, /got NaN/],
    [true, PARENT, /must be a number of seconds; got a value of type boolean/],
    ['two', PARENT, /must be a number of seconds; got 'two'/],
    [4, PARENT, /every 3 s: take 3 or 6/],
    [1, PARENT, /take 3\./],
    [6.5, PARENT, /take 6 or 7/],
    [3, extended, /before 6 s of this video came from video_0\. Take 'from_seconds' from 6 on, or extend video_0/],
    [3, edited, /at its end alone/],
  ];
  for (const [from_seconds, parent, message] of cases) {
    assert.throws(
      () => extend({ prompt: 'a cat', seconds: 6, from_seconds }, parent),
      (error) => error instanceof EverframeError && error.param === 'from_seconds' && message.test(error.message),
      String(from_seconds),
    );
  }
  assert.equal(extend({ prompt: 'a cat', seconds: 6, from_seconds: 6 }, extended).continues?.kept_frames, 48);
});

test('a branch that only the end of a short extension allows is led there, and no further', () => {
  const short = { ...PARENT, frames: 56, seconds: 7, continues: { video_id: 'video_0', frames: 48, kept_frames: 48 } };
  assert.throws(
    () => toExtensionCommand({ prompt: 'a cat', seconds: 6, from_seconds: 3 }, 'v', short, [REFINED as unknown as ModelPackage]),
    /Take 'from_seconds' from 7 on/,
  );
});

test('a border that no decimal fraction meets is found as a form can say it', () => {
  /** Chunks of a third of a second. */
  const thirds = { ...MODEL, fps: 3, chunk: { latent_frames: 1 }, latent: { frames_per_latent: 1 } } as unknown as ModelPackage;
  const parent = { ...PARENT, fps: 3, seconds: 3, frames: 8, segments: [] };
  for (const [from_seconds, frames] of [
    ['0.333333', 1],
    ['2.333333', 7],
    [7 / 3, 7],
    ['2.666667', 8],
  ] as const) {
    assert.equal(toExtensionCommand({ prompt: 'a cat', seconds: 1, from_seconds }, 'v', parent, [thirds]).continues?.frames, frames);
  }
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
