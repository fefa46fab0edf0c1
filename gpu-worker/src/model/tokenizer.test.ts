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
  for (const { prompt, token_ids } of golden.prompts) assert.deepEqual(tokenize(vocabulary, prompt).token_ids, token_ids, prompt);
  assert.deepEqual(nullTokens(vocabulary), golden.null_tokens);
});

test('case, compatibility forms, digits and punctuation do not matter', () => {
  for (const prompt of ['red ball', 'RED, Ball!', 'ｒｅｄ\u00a0ball', 'red7ball']) {
    assert.deepEqual(tokenize(VOCABULARY, prompt), { token_ids: [3, 4, 0, 0], unknown_words: [] }, prompt);
  }
});

test('words that the model never learned are reported, each once, also those that are built into objects', () => {
  assert.deepEqual(tokenize(VOCABULARY, 'dragon red dragon constructor'), {
    token_ids: [1, 3, 1, 1],
    unknown_words: ['dragon', 'constructor'],
  });
});

test('words in other scripts are reported, although the ids leave them out', () => {
  assert.deepEqual(tokenize(VOCABULARY, '赤い ball'), { token_ids: [4, 0, 0, 0], unknown_words: ['赤い'] });
});

test('a prompt without words is the unconditional one', () => {
  for (const prompt of ['', '123 !?', '赤']) assert.deepEqual(tokenize(VOCABULARY, prompt).token_ids, nullTokens(VOCABULARY));
});

test('a long prompt is cut at max_tokens', () => {
  assert.deepEqual(tokenize(VOCABULARY, 'red red red red ball').token_ids, [3, 3, 3, 3]);
});
