import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EverframeError } from './errors.ts';
import { WARNED_WORDS_MAX } from './limits.ts';
import type { ModelPackage } from './model-package.ts';
import { parsePrompt, reviewPrompt } from './prompt.ts';

/** Only what a review looks at. */
const MODEL = { name: 'model-a', text: { max_tokens: 6 } } as ModelPackage;
const KNOWN = new Set(['red', 'ball', 'bounces']);

function refusal(work: () => unknown): EverframeError {
  try {
    work();
  } catch (error) {
    if (error instanceof EverframeError) return error;
    throw error;
  }
  throw new Error('accepted');
}

test('what cannot be seen and changes what is read is refused by name', () => {
  const cases = [
    ...['\u0000', '\u001b', '\u007f', '\u0085', '\u009f'].map((char) => [char, 'control characters'] as const),
    ...['\u202a', '\u202d', '\u202e', '\u202c', '\u2066', '\u2069'].map((char) => [char, 'bidirectional overrides'] as const),
    ...['\uffff', '\ufdd0', '\u{1fffe}'].map((char) => [char, 'noncharacters'] as const),
  ];
  for (const [char, what] of cases) {
    const { code, param, message } = refusal(() => parsePrompt(`a${char}b`, 'segments[0].prompt'));
    const name = `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    assert.deepEqual([code, param], ['invalid_value', 'segments[0].prompt']);
    assert.equal(message, `'segments[0].prompt' may not have ${what}; found ${name}. Remove it.`);
  }
});

test('honest text in any script stays as it is, but for its normal form', () => {
  for (const text of ['a\tb\nc', 'שלום\u200f world', 'می\u200cخواهم', '👩\u200d🚀 in space', 'نص\u200e', '🏴\u{e0067}\u{e007f}']) {
    assert.equal(parsePrompt(text), text.normalize('NFC'));
  }
});

test('a prompt that a model reads whole, of words that it knows, has no warning', () => {
  assert.deepEqual(reviewPrompt('the red ball bounces', MODEL, { known: KNOWN, strict: true }), []);
  assert.deepEqual(reviewPrompt('red, ball!', MODEL, { strict: true }), []);
});

test('a prompt that is too long is warned of by its tokens, and refused where that was asked for', () => {
  const [warning] = reviewPrompt('a red ball bounces high', MODEL, { strict: false });
  assert.deepEqual(
    [warning?.code, warning?.code === 'prompt_truncated' && [warning.tokens, warning.max_tokens]],
    ['prompt_truncated', [7, 6]],
  );
  assert.match(warning?.message ?? '', /7 tokens or more; model-a reads the first 6\. The rest is ignored\.$/);
  const { code, param } = refusal(() => reviewPrompt('a red ball bounces high', MODEL, { strict: true }));
  assert.deepEqual([code, param], ['prompt_too_long', 'prompt']);
});

test('pieces are counted with punctuation, ideographs and the two at the ends', () => {
  const tokens = (prompt: string) => {
    const [warning] = reviewPrompt(prompt, MODEL, { strict: false });
    return warning?.code === 'prompt_truncated' ? warning.tokens : 'whole';
  };
  assert.deepEqual([tokens('a b c d'), tokens('a, b. c'), tokens('红色气球升')], ['whole', 7, 7]);
});

test('unknown words are named, each once and not too many, and without a list there are none', () => {
  const [warning] = reviewPrompt('red zebra, zebra', MODEL, { known: KNOWN, strict: true });
  assert.deepEqual(warning?.code === 'unknown_words' && warning.words, ['zebra']);
  assert.deepEqual(reviewPrompt('zebra', MODEL, { strict: true }), []);
  const many = Array.from({ length: WARNED_WORDS_MAX + 5 }, (_, i) => `zz${String.fromCharCode(97 + i)}q`).join(' ');
  const last = reviewPrompt(many, MODEL, { known: KNOWN, strict: false }).at(-1);
  assert.equal(last?.code === 'unknown_words' && last.words.length, WARNED_WORDS_MAX);
  assert.match(last?.message ?? '', / and 5 more\.$/);
});

test('of a word that the model reads as another it is said which; the others stay unknown', () => {
  const warnings = reviewPrompt('red Zebra, wizard', MODEL, { known: KNOWN, near: { zebra: 'ball', red: 'blue' }, strict: true });
  assert.deepEqual(
    warnings.map((warning) => [warning.code, 'words' in warning && warning.words]),
    [
      ['near_words', ['zebra']],
      ['unknown_words', ['wizard']],
    ],
  );
  assert.match(warnings[0]?.message ?? '', /zebra as ball\.$/);
});
