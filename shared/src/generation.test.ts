import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EverframeError } from './errors.ts';
import { GenerationCommand, parseStrict, toGenerationCommand } from './generation.ts';
import { PROMPT_MAX_CHARACTERS, SEED_MAX } from './limits.ts';
import type { ModelPackage } from './model-package.ts';

const BASE = { name: 'model-a', version: '1.2.0', fps: 8, sizes: ['128x96', '64x64'], seconds: { min: 2, max: 20, default: 4 } };
/** Only what a command is made from. */
const PACKAGES = [BASE, { ...BASE, name: 'model-b', version: '2.0.0', fps: 12, sizes: ['256x256'] }] as unknown as readonly ModelPackage[];

function command(fields: Record<string, unknown>): GenerationCommand {
  return toGenerationCommand({ prompt: 'a red ball', ...fields }, PACKAGES, 99);
}

function refusal(fields: Record<string, unknown>): EverframeError {
  try {
    command(fields);
  } catch (error) {
    if (error instanceof EverframeError) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(fields).slice(0, 200)}`);
}

test('a prompt alone gets every default of the first package, and the seed that was drawn', () => {
  const made = command({});
  assert.deepEqual(made, {
    ...{
      model: 'model-a',
      model_version: '1.2.0',
      prompt: 'a red ball',
      negative_prompt: '',
      segments: [],
      prompt_disclosure: 'hash',
      seed: 99,
    },
    ...{ seconds: 4, frames: 32, fps: 8, width: 128, height: 96 },
  });
  assert.deepEqual(GenerationCommand.parse(made), made);
});

test('a named model brings its own version, rate and size', () => {
  const { model, model_version, fps, frames, width } = command({ model: 'model-b', seconds: 3 });
  assert.deepEqual([model, model_version, fps, frames, width], ['model-b', '2.0.0', 12, 36, 256]);
});

test('each bound is accepted at its limit, as number and as text', () => {
  for (const [seconds, expected] of [
    [2, 2],
    ['2', 2],
    [20, 20],
    ['20', 20],
    ['08', 8],
  ] as const) {
    assert.equal(command({ seconds }).seconds, expected);
  }
  for (const [seed, expected] of [
    [0, 0],
    ['0', 0],
    [SEED_MAX, SEED_MAX],
    [String(SEED_MAX), SEED_MAX],
  ] as const) {
    assert.equal(command({ seed }).seed, expected);
  }
  assert.equal(command({ size: '64x64' }).height, 64);
});

test('past a bound or of another form, each field is refused by name with the value that was sent', () => {
  const wrong = {
    seconds: [1, 21, '1', '21', 2.5, '2.5', '', ' 4', '4s', '1e1', '0x4', '-4', null, true, [4], { a: 4 }, Number.NaN, '9'.repeat(16)],
    seed: [-1, SEED_MAX + 1, '-1', String(SEED_MAX + 1), 0.5, 'x', '', null, false],
    size: ['128X96', '96x128', ' 64x64', '', 64, null, ['64x64']],
  };
  for (const [param, values] of Object.entries(wrong)) {
    for (const value of values) {
      const error = refusal({ [param]: value });
      assert.deepEqual([error.code, error.param], ['invalid_value', param], JSON.stringify(value));
      assert.ok(error.message.includes(`got ${JSON.stringify(value)}`), error.message);
    }
  }
});

test('models are refused by type and by name', () => {
  assert.deepEqual([refusal({ model: 7 }).code, refusal({ model: null }).code], ['invalid_type', 'invalid_type']);
  const unknown = refusal({ model: 'sora-2' });
  assert.equal(unknown.code, 'model_not_found');
  assert.match(unknown.message, /'model-a', 'model-b'/);
});

test('a prompt is counted in code points, after it was trimmed', () => {
  const longest = '💥'.repeat(PROMPT_MAX_CHARACTERS);
  assert.equal(command({ prompt: `  ${longest}\n` }).prompt, longest);
  const error = refusal({ prompt: `${longest}a` });
  assert.deepEqual([error.code, error.param], ['string_too_long', 'prompt']);
  assert.ok(error.message.includes(String(PROMPT_MAX_CHARACTERS + 1)));
});

test('a prompt is brought to NFC, and half a surrogate pair becomes the replacement character', () => {
  assert.equal(command({ prompt: 'cafe\u0301' }).prompt, 'caf\u00e9');
  assert.equal(command({ prompt: 'a \ud83d b \udca5' }).prompt, 'a \ufffd b \ufffd');
  assert.equal(command({ prompt: 'a \ud83d\udca5' }).prompt, 'a 💥');
});

test('a prompt may have line breaks and tabs, and no other control character', () => {
  assert.equal(command({ prompt: 'a\tb\r\nc' }).prompt, 'a\tb\r\nc');
  for (const [character, name] of [
    ['\u0000', 'U\\+0000'],
    ['\u000b', 'U\\+000B'],
    ['\u001b', 'U\\+001B'],
    ['\u007f', 'U\\+007F'],
  ] as const) {
    const error = refusal({ prompt: `a${character}b` });
    assert.equal(error.code, 'invalid_value');
    assert.match(error.message, new RegExp(name));
  }
});

test('a prompt that is missing, empty or no text is refused', () => {
  const code = (prompt: unknown) => refusal({ prompt }).code;
  assert.deepEqual([code(undefined), code(null)], ['missing_required_parameter', 'missing_required_parameter']);
  assert.deepEqual([code(''), code(' \n\u00a0')], ['string_too_short', 'string_too_short']);
  assert.deepEqual([code(1), code(['a']), code({})], ['invalid_type', 'invalid_type', 'invalid_type']);
});

test('a field that is unknown or cannot be used yet is refused, and a long name is not echoed whole', () => {
  assert.deepEqual([refusal({ characters: [] }).code, refusal({ 'characters[a]': 'x' }).param], ['unsupported_parameter', 'characters']);
  assert.deepEqual([refusal({ fps: 8 }).code, refusal({ 'extra[b][c]': 8 }).param], ['unknown_parameter', 'extra']);
  assert.equal(refusal({ 'seed[0]': 7 }).param, 'seed[0]', 'a known field in brackets is another');
  const { message, param } = refusal({ [`${'x'.repeat(59)}💥${'y'.repeat(5_000)}`]: 1 });
  assert.ok((param?.length ?? 0) <= 61 && message.length < 250, message);
  assert.ok(param?.isWellFormed());
});

test('a long value is not echoed whole', () => {
  const { message } = refusal({ seconds: 'x'.repeat(5_000) });
  assert.ok(message.length < 250, message);
});

test('strictness is off unless asked for, as truth value or text', () => {
  const read = (strict?: unknown) => parseStrict({ strict });
  assert.deepEqual([read(), read(true), read('true'), read(false), read('false')], [false, true, true, false, false]);
  for (const wrong of [null, 1, '', 'yes', [true]]) {
    assert.throws(
      () => read(wrong),
      (error) => error instanceof EverframeError && error.param === 'strict',
    );
  }
});
