import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unknownWords } from './known-words.ts';

const KNOWN = new Set(['dog', 'box', 'butterfly', 'leaf', 'run', 'bouncing', 'dances', 'red', 'beach', 'hot air balloon', 'child', 'fly']);

test('words that the model never met are named once each, in the order of the prompt and in lower case', () => {
  assert.deepEqual(unknownWords('A Dragon and a red dog; a DRAGON, a wizard!', KNOWN), ['dragon', 'wizard']);
});

test('function words, punctuation and numbers are no news', () => {
  assert.deepEqual(unknownWords("It's the dog, isn't it? (with) 2 red dogs in 1080p, 3.5 — 16:9", KNOWN), []);
});

test('plurals and verb forms of a known word are known, whichever form is listed', () => {
  const forms = 'dogs boxes butterflies leaves running runs ran bounces bounced bounce dancing danced dance children flies flying flew';
  assert.deepEqual(unknownWords(forms, KNOWN), []);
});

test('a possessive is its noun, with either apostrophe', () => {
  assert.deepEqual(unknownWords("the dog's beach, the child’s dragon’s box", KNOWN), ['dragon']);
});

test('a word is not known because it begins or ends like a known one', () => {
  assert.deepEqual(unknownWords('dogma reddish beached-whale redo ring bed', KNOWN), ['dogma', 'reddish', 'whale', 'redo', 'ring', 'bed']);
});

test('the words of a known phrase are known', () => {
  assert.deepEqual(unknownWords('a hot-air balloon', KNOWN), []);
});

test('compatibility forms are read as plain letters', () => {
  assert.deepEqual(unknownWords('ｒｅｄ ﬂying', KNOWN), []);
});

test('words in other scripts are unknown, names that are built into objects too', () => {
  assert.deepEqual(unknownWords('赤い dog, собака, constructor', KNOWN), ['赤い', 'собака', 'constructor']);
});

test('a prompt without words has none that are unknown', () => {
  for (const prompt of ['', ' ', '123 !?']) assert.deepEqual(unknownWords(prompt, KNOWN), []);
  assert.deepEqual(unknownWords('a dragon', new Set()), ['dragon']);
});
