/**
 * Words to ids, as `models/captions.py` does it in training: NFKC, lower case, runs of ASCII letters, one id a word.
 * The vocabulary is small and fixed; a word it lacks becomes `unknown`.
 */
import { z } from 'zod';
import { PackageError, readJson } from './model-config.ts';

const Id = z.int().nonnegative();

/** What `vocabulary.json` must say; it may say more. */
const Vocabulary = z.object({
  words: z.record(z.string(), Id),
  specials: z.object({ pad: Id, unknown: Id, null: Id }),
  max_tokens: z.int().positive(),
});
export type Vocabulary = z.infer<typeof Vocabulary>;

/** @throws PackageError */
export async function readVocabulary(path: string, max_tokens: number): Promise<Vocabulary> {
  const parsed = Vocabulary.safeParse(await readJson(path));
  if (!parsed.success) throw new PackageError(path, `is not a vocabulary: ${z.prettifyError(parsed.error)}`);
  if (parsed.data.max_tokens !== max_tokens) {
    throw new PackageError(path, `has max_tokens ${parsed.data.max_tokens}; model.json says ${max_tokens}`);
  }
  return parsed.data;
}

/**
 * A prompt without any word gives what an empty prompt gives, the unconditional tokens.
 * @returns exactly `max_tokens` ids
 */
export function tokenize(vocabulary: Vocabulary, prompt: string): number[] {
  const { specials, max_tokens } = vocabulary;
  const text = prompt.normalize('NFKC').toLowerCase();
  const ids = (text.match(/[a-z]+/g) ?? []).slice(0, max_tokens).map((word) => lookUp(vocabulary, word) ?? specials.unknown);
  if (ids.length === 0) ids.push(specials.null);
  const padding = new Array<number>(max_tokens - ids.length).fill(specials.pad);
  return [...ids, ...padding];
}

/** The tokens of the unconditional branch of guidance: null, then padding. */
export function nullTokens(vocabulary: Vocabulary): number[] {
  return tokenize(vocabulary, '');
}

/** Own properties only: "constructor" is a word like any other. */
function lookUp({ words }: Vocabulary, word: string): number | undefined {
  return Object.hasOwn(words, word) ? words[word] : undefined;
}
