import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PackageError } from './model-config.ts';
import { countTokens, nullTokens, parseWordPieces, readWordPieces, tokenize } from './word-piece.ts';

const VOCABULARY_PATH = join(import.meta.dirname, '../../../models/vocab.txt');
const VOCABULARY = await readWordPieces(VOCABULARY_PATH, 32);
const SMALL = parseWordPieces('[PAD]\n[UNK]\n[CLS]\n[SEP]\nred\nball\n##s\n', 5);

test('prompts become the ids that an independent tokenizer gives them', () => {
  // Written by models/golden_tokenizer.py.
  const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'tokenizer.golden.json'), 'utf8'));
  assert.ok(golden.prompts.length >= 120);
  assert.equal(golden.max_tokens, VOCABULARY.max_tokens);
  for (const { prompt, tokens, token_ids } of golden.prompts) {
    assert.deepEqual(tokenize(VOCABULARY, prompt), token_ids, JSON.stringify(prompt));
    assert.deepEqual(countTokens(VOCABULARY, prompt), { tokens, truncated: tokens > golden.max_tokens }, JSON.stringify(prompt));
  }
});

test('a word that is not known is read in pieces, and as unknown when pieces fail', () => {
  assert.deepEqual(tokenize(SMALL, 'balls redx'), [2, 5, 6, 1, 3]);
});

test('names that are built into objects are no words', () => {
  assert.deepEqual(tokenize(SMALL, 'constructor'), [2, 1, 3, 0, 0]);
});

test('the unconditional tokens are those of a prompt without words', () => {
  assert.deepEqual(nullTokens(SMALL), [2, 3, 0, 0, 0]);
  for (const prompt of ['', ' \n', '\u200b']) assert.deepEqual(tokenize(SMALL, prompt), nullTokens(SMALL));
});

test('a long prompt keeps its beginning and its last token, and is counted in full', () => {
  assert.deepEqual(tokenize(SMALL, 'red red ball ball'), [2, 4, 4, 5, 3]);
  assert.deepEqual(countTokens(SMALL, 'red red ball ball'), { tokens: 6, truncated: true });
  assert.deepEqual(countTokens(SMALL, 'red red ball'), { tokens: 5, truncated: false });
});

test('half a surrogate pair is left out', () => {
  assert.deepEqual(tokenize(SMALL, 'red\ud83d ball'), tokenize(SMALL, 'red ball'));
});

test('a vocabulary without its special pieces is refused', async () => {
  assert.throws(() => parseWordPieces('red\nball\n', 5), /the piece \[PAD\] is missing/);
  await assert.rejects(readWordPieces(join(import.meta.dirname, 'absent.txt'), 5), PackageError);
  await assert.rejects(readWordPieces(import.meta.filename, 5), PackageError);
});
