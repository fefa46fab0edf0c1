/** CLIP's tokenizer against `models/golden_byte_pairs.py`, whose numbers another implementation made. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BytePairs, readBytePairs, tokenize } from './byte-pair.ts';
import { PackageError } from './model-config.ts';

interface Golden {
  readonly max_tokens: number;
  readonly pad_token: string;
  readonly vocabulary: Record<string, number>;
  readonly merges: readonly string[];
  readonly cases: readonly { readonly prompt: string; readonly ids: number[] }[];
}

const golden: Golden = JSON.parse(readFileSync(join(import.meta.dirname, 'byte-pair.golden.json'), 'utf8'));
const { max_tokens, pad_token } = golden;

async function read(t: TestContext, vocabulary: string, merges: string): Promise<BytePairs> {
  const dir = await mkdtemp(join(tmpdir(), 'everframe-byte-pairs-'));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, 'vocab.json'), vocabulary);
  await writeFile(join(dir, 'merges.txt'), merges);
  return readBytePairs(join(dir, 'vocab.json'), join(dir, 'merges.txt'), { max_tokens, pad_token });
}

test('prompts in many scripts have the ids that the reference gives', async (t) => {
  const vocabulary = await read(t, JSON.stringify(golden.vocabulary), ['#version: 0.2', ...golden.merges, ''].join('\n'));
  assert.ok(golden.cases.length > 10);
  for (const { prompt, ids } of golden.cases) assert.deepEqual(tokenize(vocabulary, prompt), ids, prompt);
});

test('what is no vocabulary is refused, naming the file and what it lacks', async (t) => {
  const { '<|endoftext|>': _, ...headless } = golden.vocabulary;
  const { a: __, ...without_a } = golden.vocabulary;
  for (const [vocabulary, merges, message] of [
    ['[1]', '', /vocab\.json is not a vocabulary: byte pairs and their numbers are wanted/],
    ['{', '', /vocab\.json is not JSON/],
    [JSON.stringify(headless), '', /vocab\.json is not a vocabulary: the piece <\|endoftext\|> is missing/],
    [JSON.stringify(without_a), '', /vocab\.json is not a vocabulary: the piece a is missing/],
    [JSON.stringify(golden.vocabulary), 'q q\n', /merges\.txt joins q q, of which the vocabulary knows nothing/],
  ] as const) {
    await assert.rejects(read(t, vocabulary, merges), (error: unknown) => error instanceof PackageError && message.test(error.message));
  }
});
