import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EverframeError } from './errors.ts';
import { GenerationCommand, PromptSegment, toGenerationCommand } from './generation.ts';
import { BLEND_CHUNKS_MAX, SEGMENTS_MAX } from './limits.ts';
import type { ModelPackage } from './model-package.ts';
import { parseSegments, SEGMENT_ANCHORS } from './timed-prompts.ts';

/** 8 frames a second in chunks of 8: one begins with each second. */
const MODEL = { name: 'm', fps: 8, chunk: { latent_frames: 4 }, latent: { frames_per_latent: 2 } } as unknown as ModelPackage;

function refusal(segments: unknown, seconds = 4): EverframeError {
  try {
    parseSegments(segments, MODEL, seconds);
  } catch (error) {
    if (error instanceof EverframeError) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(segments)}`);
}

test('segments become those of the command, as a list, as text, and with numbers as text', () => {
  const expected = [
    { start_frame: 8, prompt: 'a blue ball', anchor: 'renew', blend_chunks: 0 },
    { start_frame: 18, prompt: 'a green ball', anchor: 'keep', blend_chunks: 3 },
  ];
  const segments = [
    { start: 1, prompt: ' a blue ball ' },
    { start: 2.25, prompt: 'a green ball', anchor: 'keep', blend: 3 },
  ];
  assert.deepEqual(parseSegments(segments, MODEL, 4), expected);
  assert.deepEqual(parseSegments(JSON.stringify(segments), MODEL, 4), expected);
  const texts = segments.map((segment) => ({
    ...segment,
    start: String(segment.start),
    ...('blend' in segment && { blend: String(segment.blend) }),
  }));
  assert.deepEqual(parseSegments(texts, MODEL, 4), expected);
  assert.deepEqual(parseSegments(undefined, MODEL, 4), []);
  assert.deepEqual(parseSegments([], MODEL, 4), []);
});

test('every anchor that a command can have can be asked for', () => {
  assert.deepEqual([...SEGMENT_ANCHORS].sort(), [...PromptSegment.shape.anchor.unwrap().options].sort());
});

const REFUSED: readonly (readonly [claim: string, segments: unknown, code: string, param: string])[] = [
  ['a number', 7, 'invalid_type', 'segments'],
  ['null', null, 'invalid_type', 'segments'],
  ['text that is no JSON', 'at 2 s a ball', 'invalid_value', 'segments'],
  ['JSON that is no list', '{}', 'invalid_type', 'segments'],
  ['too many', Array(SEGMENTS_MAX + 1).fill({ start: 1, prompt: 'a' }), 'invalid_value', 'segments'],
  ['a text in place of one', ['a'], 'invalid_type', 'segments[0]'],
  ['null in place of one', [null], 'invalid_type', 'segments[0]'],
  ['another member', [{ start: 1, prompt: 'a', end: 2 }], 'unknown_parameter', 'segments[0].end'],
  ['no start', [{ prompt: 'a' }], 'missing_required_parameter', 'segments[0].start'],
  ['a negative start', [{ start: -1, prompt: 'a' }], 'invalid_value', 'segments[0].start'],
  ['a start that is a word', [{ start: 'soon', prompt: 'a' }], 'invalid_value', 'segments[0].start'],
  ['a start beyond numbers', [{ start: 1e308, prompt: 'a' }], 'invalid_value', 'segments[0].start'],
  ['no prompt', [{ start: 1 }], 'missing_required_parameter', 'segments[0].prompt'],
  ['a blank prompt', [{ start: 1, prompt: ' ' }], 'string_too_short', 'segments[0].prompt'],
  ['an unknown anchor', [{ start: 1, prompt: 'a', anchor: 'drop' }], 'invalid_value', 'segments[0].anchor'],
  ['a part of a chunk to blend over', [{ start: 1, prompt: 'a', blend: 0.5 }], 'invalid_value', 'segments[0].blend'],
  ['fewer than no chunks to blend over', [{ start: 1, prompt: 'a', blend: -1 }], 'invalid_value', 'segments[0].blend'],
  ['too many chunks to blend over', [{ start: 1, prompt: 'a', blend: BLEND_CHUNKS_MAX + 1 }], 'invalid_value', 'segments[0].blend'],
  ['a blend that is a word', [{ start: 1, prompt: 'a', blend: 'slowly' }], 'invalid_value', 'segments[0].blend'],
  ['one at the beginning, where the prompt stands', [{ start: 0, prompt: 'a' }], 'invalid_value', 'segments[0].start'],
  ['one behind the last chunk', [{ start: 3.2, prompt: 'a' }], 'invalid_value', 'segments[0].start'],
  ['one behind the end', [{ start: 4, prompt: 'a' }], 'invalid_value', 'segments[0].start'],
  ['two for one chunk', [{ start: 1.2, prompt: 'a' }, { start: 1.8, prompt: 'b' }], 'invalid_value', 'segments[1].start'], // biome-ignore format: a row
  ['two out of order', [{ start: 2, prompt: 'a' }, { start: 1, prompt: 'b' }], 'invalid_value', 'segments[1].start'], // biome-ignore format: a row
];

for (const [claim, segments, code, param] of REFUSED) {
  test(`refused: ${claim}`, () => {
    const error = refusal(segments);
    assert.deepEqual([error.code, error.param], [code, param], error.message);
  });
}

test('a refused time says which would do', () => {
  assert.match(refusal([{ start: 3.5, prompt: 'a' }]).message, /is 3\.5 s\..* every 1 s for m, .*Give one behind 0 s and up to 3 s\./);
  assert.match(refusal([{ start: 0.5, prompt: 'a' }], 1).message, /No chunk is left/);
});

test('a segment at the last chunk border that there is, is accepted', () => {
  assert.equal(parseSegments([{ start: 3, prompt: 'a' }], MODEL, 4)[0]?.start_frame, 24);
  assert.equal(parseSegments([{ start: 2.5, prompt: 'a' }], MODEL, 4)[0]?.start_frame, 20);
});

test('a command carries segments and negative prompt, and a blank one is none', () => {
  const model = { ...MODEL, version: '1', sizes: ['8x8'], seconds: { min: 1, max: 20, default: 4 } } as unknown as ModelPackage;
  const command = (fields: object) => toGenerationCommand({ prompt: 'a red ball', ...fields }, [model], 1);
  const made = command({ negative_prompt: ' rain ', segments: [{ start: 2, prompt: 'a blue ball' }] });
  assert.deepEqual([made.negative_prompt, made.segments.length], ['rain', 1]);
  assert.deepEqual(GenerationCommand.parse(made), made);
  assert.equal(command({ negative_prompt: ' ' }).negative_prompt, '');
  assert.throws(() => command({ negative_prompt: 7 }), { code: 'invalid_type', param: 'negative_prompt' });
  assert.throws(() => command({ negative_prompt: null }), { code: 'missing_required_parameter', param: 'negative_prompt' });
});
