import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { nullTokens, readVocabulary, tokenize, type Vocabulary } from './tokenizer.ts';

const PACKAGE_DIR = join(import.meta.dirname, '../../../models/packages/everframe-toybox-1');

const VOCABULARY: Vocabulary = { words: { red: 3, ball: 4, i: 5 }, specials: { pad: 0, unknown: 1, null: 2 }, max_tokens: 4 };

test('prompts become the ids that the model was trained with', async () => {
  // Written by models/golden.py.
  const golden = JSON.parse(readFileSync(join(PACKAGE_DIR, 'golden/tokenizer.json'), 'utf8'));
  const vocabulary = await readVocabulary(join(PACKAGE_DIR, 'vocabulary.json'), golden.max_tokens);
  assert.ok(golden.prompts.length > 0);
  for (const { prompt, token_ids } of golden.prompts) assert.deepEqual(tokenize(vocabulary, prompt), token_ids, prompt);
  assert.deepEqual(nullTokens(vocabulary), golden.null_tokens);
});

test('case, compatibility forms, digits and punctuation do not matter', () => {
  for (const prompt of ['red ball', 'RED, Ball!', 'ｒｅｄ\u00a0ball', 'red7ball']) {
    assert.deepEqual(tokenize(VOCABULARY, prompt), [3, 4, 0, 0], prompt);
  }
});

test('words that the model never learned become unknown, also those that are built into objects', () => {
  assert.deepEqual(tokenize(VOCABULARY, 'dragon red dragon constructor'), [1, 3, 1, 1]);
});

test('words in other scripts are left out', () => {
  assert.deepEqual(tokenize(VOCABULARY, '赤い ball'), [4, 0, 0, 0]);
});

test('a prompt without words is the unconditional one', () => {
  for (const prompt of ['', '123 !?', '赤']) assert.deepEqual(tokenize(VOCABULARY, prompt), nullTokens(VOCABULARY));
});

test('a long prompt is cut at max_tokens', () => {
  assert.deepEqual(tokenize(VOCABULARY, 'red red red red ball'), [3, 3, 3, 3]);
});
