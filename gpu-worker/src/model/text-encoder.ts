/** A prompt to what the pretrained language model makes of it. */
import { join } from 'node:path';
import { type NearWords, readNearWords } from '@everframe/shared';
import { z } from 'zod';
import { type InstalledPackage, PackageError, readJson } from './model-config.ts';
import { asFloat32, openSession, type SessionOptions } from './session.ts';
import { type Float32Tensor, joinBatches } from './tensor.ts';
import { nullTokens, readWordPieces, tokenize } from './word-piece.ts';

export interface TextEncoding {
  /** [B, T, W] */
  readonly text: Float32Tensor;
  /** [B, T], 1 where there is a token. */
  readonly text_mask: Float32Tensor;
}

export interface TextEncoder {
  /** A batch of one; a word that the package reads as another is encoded as that. Null encodes the absence of a prompt, for the unconditional branch of guidance. */
  encode(prompt: string | null): Promise<TextEncoding>;
}

export async function openTextEncoder({ model, dir }: InstalledPackage, options: SessionOptions): Promise<TextEncoder> {
  const { max_tokens, width } = model.text;
  const vocabulary = await readWordPieces(join(dir, model.files.vocabulary.path), max_tokens);
  const near = model.files.near_words ? await readNearWordsOf(join(dir, model.files.near_words.path)) : {};
  const session = await openSession(
    join(dir, model.files.text_encoder.path),
    { token_ids: { dtype: 'int64', dims: ['batch', max_tokens] } },
    { text: { dtype: 'float32', dims: ['batch', max_tokens, width] }, text_mask: { dtype: 'float32', dims: ['batch', max_tokens] } },
    options,
  );
  return {
    async encode(prompt) {
      const ids = prompt === null ? nullTokens(vocabulary) : tokenize(vocabulary, readNearWords(prompt, near));
      const values = BigInt64Array.from(ids, BigInt);
      const { text, text_mask } = await session.run({ token_ids: { dtype: 'int64', dims: [1, max_tokens], values } });
      return { text: asFloat32(text), text_mask: asFloat32(text_mask) };
    },
  };
}

/** @throws PackageError */
async function readNearWordsOf(path: string): Promise<NearWords> {
  const parsed = z.record(z.string(), z.string()).safeParse(await readJson(path));
  if (!parsed.success) throw new PackageError(path, 'is not a list of words, each with what it is read as');
  return parsed.data;
}

/** Encodings as one batch. */
export function joinTexts([first, ...others]: readonly TextEncoding[]): TextEncoding {
  if (!first) throw new RangeError('there is no text to join');
  return {
    text: joinBatches([first.text, ...others.map(({ text }) => text)]),
    text_mask: joinBatches([first.text_mask, ...others.map(({ text_mask }) => text_mask)]),
  };
}
