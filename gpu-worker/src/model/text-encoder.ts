/** Token ids to what the denoiser reads of a prompt. */
import { join } from 'node:path';
import type { InstalledPackage } from './model-config.ts';
import { asFloat32, openSession, type SessionOptions } from './session.ts';
import { type Float32Tensor, joinBatches } from './tensor.ts';
import { nullTokens, readVocabulary, tokenize } from './tokenizer.ts';

export interface TextEncoding {
  /** [B, T, D] */
  readonly text_tokens: Float32Tensor;
  /** [B, T], 1 where there is a word. */
  readonly text_mask: Float32Tensor;
  /** [B, D] */
  readonly text_pooled: Float32Tensor;
}

export interface TextEncoder {
  /** A batch of one. Null encodes the absence of a prompt, for the unconditional branch of guidance. */
  encode(prompt: string | null): Promise<TextEncoding>;
}

export async function openTextEncoder({ model, dir }: InstalledPackage, options: SessionOptions): Promise<TextEncoder> {
  const { max_tokens, width } = model.text;
  const vocabulary = await readVocabulary(join(dir, model.files.vocabulary.path), max_tokens);
  const session = await openSession(
    join(dir, model.files.text_encoder.path),
    { token_ids: { dtype: 'int64', dims: ['batch', max_tokens] } },
    {
      text_tokens: { dtype: 'float32', dims: ['batch', max_tokens, width] },
      text_mask: { dtype: 'float32', dims: ['batch', max_tokens] },
      text_pooled: { dtype: 'float32', dims: ['batch', width] },
    },
    options,
  );
  return {
    async encode(prompt) {
      const ids = prompt === null ? nullTokens(vocabulary) : tokenize(vocabulary, prompt);
      const values = BigInt64Array.from(ids, BigInt);
      const { text_tokens, text_mask, text_pooled } = await session.run({ token_ids: { dtype: 'int64', dims: [1, max_tokens], values } });
      return { text_tokens: asFloat32(text_tokens), text_mask: asFloat32(text_mask), text_pooled: asFloat32(text_pooled) };
    },
  };
}

/** Two encodings as one batch. */
export function joinTexts(first: TextEncoding, second: TextEncoding): TextEncoding {
  return {
    text_tokens: joinBatches([first.text_tokens, second.text_tokens]),
    text_mask: joinBatches([first.text_mask, second.text_mask]),
    text_pooled: joinBatches([first.text_pooled, second.text_pooled]),
  };
}
