/**
 * Words that a model never met, read as the nearest that it did: "corgi" as "dog". The list is the model package's; the
 * twin of `read_near_words` in `models/near_words.py`.
 */

/** By word, in lower case, what it is read as. */
export type NearWords = Readonly<Record<string, string>>;

/** The prompt as the model's text encoder is given it: each word of the list replaced, in any case, all else as it stands. */
export function readNearWords(prompt: string, near: NearWords): string {
  return prompt.replace(/\p{L}+/gu, (word) => nearWord(word, near) ?? word);
}

/** Undefined for a word that is not in the list. */
export function nearWord(word: string, near: NearWords): string | undefined {
  const lower = word.toLowerCase();
  return Object.hasOwn(near, lower) ? near[lower] : undefined;
}
