import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EDIT_STRENGTH_DEFAULT, toEditCommand } from './edit.ts';
import { EverframeError } from './errors.ts';
import { toExtensionCommand } from './extension.ts';
import { type CreateVideoRequest, GenerationCommand } from './generation.ts';
import type { ModelPackage } from './model-package.ts';
import { priceOf } from './price.ts';

/** Chunks of 3 s, at 8 frames a second. */
const MODEL = {
  ...{ name: 'm', version: '1', fps: 8, sizes: ['64x64', '128x128'], seconds: { min: 1, max: 20, default: 4 } },
  ...{ chunk: { latent_frames: 12 }, latent: { frames_per_latent: 2 }, price_micro_usd_per_second: 1001 },
} as unknown as ModelPackage;

const PARENT = GenerationCommand.parse({
  ...{ model: 'm', model_version: '1', prompt: 'a red ball', negative_prompt: 'rain', seed: 7, seconds: 7, frames: 52, fps: 8 },
  ...{ width: 128, height: 128, segments: [{ start_frame: 24, prompt: 'a dog' }], prompt_disclosure: 'text' },
  continues: { video_id: 'video_0', frames: 24, kept_frames: 24 },
});

const edit = (request: CreateVideoRequest, parent = PARENT) => toEditCommand(request, 'video_1', parent, [MODEL]);

test('the edited video is as long and as large as its parent, of its seed, and told nothing but the new prompts', () => {
  const command = edit({ prompt: 'a cat', segments: [{ start: 3, prompt: 'a fish' }] });
  const { continues, ...as_it_is } = PARENT;
  assert.deepEqual(command, {
    ...as_it_is,
    prompt: 'a cat',
    segments: [{ start_frame: 24, prompt: 'a fish', anchor: 'renew', blend_chunks: 0 }],
    edits: { video_id: 'video_1', strength: EDIT_STRENGTH_DEFAULT },
  });
  assert.deepEqual(GenerationCommand.parse(command), command);
  // All 52 frames of it are made, also what the parent took over.
  assert.equal(priceOf(command, [MODEL]).micro_usd, Math.floor((52 / 8) * 1001));
  assert.deepEqual([edit({ prompt: 'a', negative_prompt: '' }).negative_prompt, command.negative_prompt], ['', 'rain']);
  assert.equal(edit({ prompt: 'a', prompt_disclosure: 'none' }).prompt_disclosure, 'none');
});

test('an edit of an edit begins from the first one', () => {
  const twice = edit({ prompt: 'a fish', strength: 0.25 }, edit({ prompt: 'a cat' }));
  assert.deepEqual(twice.edits, { video_id: 'video_1', strength: 0.25 });
});

test('an extension of an edit keeps its source only where the last chunk is made again', () => {
  const extended = (frames: number) =>
    toExtensionCommand({ prompt: 'a cat', seconds: 4 }, 'video_2', { ...edit({ prompt: 'a' }), seconds: 6, frames }, [MODEL]);
  assert.deepEqual(extended(47).edits, { video_id: 'video_1', strength: EDIT_STRENGTH_DEFAULT });
  assert.equal(extended(48).edits, undefined);
});

test('strength is a number or its text, from 0 to 1', () => {
  for (const strength of [0, 0.125, 1, '0', '1', '0.5', '1.0']) {
    assert.equal(edit({ prompt: 'a', strength }).edits?.strength, Number(strength));
  }
  for (const strength of [-0.1, 1.01, Number.NaN, '', '1.5', '1e-1', 'NaN', null, true, [], {}]) {
    assert.throws(() => edit({ prompt: 'a', strength }), { code: 'invalid_value', param: 'strength' }, JSON.stringify(strength));
  }
});

test('a video that is too long or of another version is refused with both figures', () => {
  const refusals: readonly [GenerationCommand, string, RegExp][] = [
    [{ ...PARENT, seconds: 21 }, 'invalid_value', /is 21 s long; m edits up to 20 s/],
    [{ ...PARENT, model_version: '0' }, 'unsupported_operation', /version 0 of m; version 1 is served now/],
    [{ ...PARENT, model: 'n' }, 'unsupported_operation', /it is served no longer/],
  ];
  for (const [parent, code, message] of refusals) {
    assert.throws(
      () => edit({ prompt: 'a' }, parent),
      (error) => {
        assert.ok(error instanceof EverframeError);
        assert.deepEqual([error.code, error.param], [code, 'video']);
        assert.match(error.message, message);
        return true;
      },
    );
  }
});
