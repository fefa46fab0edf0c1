/**
 * A prompt as the rules read it. Evasions are undone for matching only: the model gets the text as it was sent. Each
 * reading is words between single spaces, with a space at both ends; the first takes the text at its word, the others
 * undo look-alike letters, digits for letters, letters kept apart, letters left out and letters repeated.
 */
import { latinLookAlike } from './confusables.ts';

/** Which of two guesses the later readings make: `1` is i or l, "oooo" is o, oo or itself. */
const GUESSES = [
  { one: 'i', run: '$1' },
  { one: 'l', run: '$1$1' },
  { one: 'i', run: '$1$1' },
  { one: 'l', run: '$1' },
  { one: 'i', run: '$&' },
] as const;
type Guess = (typeof GUESSES)[number];

const LEET: Readonly<Record<string, string>> = {
  0: 'o',
  2: 'z',
  3: 'e',
  4: 'a',
  5: 's',
  6: 'g',
  7: 't',
  8: 'b',
  9: 'g',
  '@': 'a',
  $: 's',
  '€': 'e',
};
const VOWELS = ['a', 'e', 'i', 'o', 'u'];

/** Three or more single characters with the same sign between them: "f u c k", "f.u.c.k". */
const SPACED = /(?<![\p{L}\p{N}@$])[\p{L}\p{N}@$]([ .,\-_*·•/|~+])[\p{L}\p{N}@$](?:\1[\p{L}\p{N}@$])+(?![\p{L}\p{N}@$])/gu;
/** A sign within a word. */
const INNER_SIGN = /(?<=[\p{L}\p{N}@$])[.\-_·•|~+^'’](?=[\p{L}\p{N}@$])/gu;

export function readings(prompt: string): string[] {
  const bare = fold(prompt);
  const together = bare.replace(SPACED, joinSpaced).replace(INNER_SIGN, '');
  return [...new Set([toWords(bare), ...GUESSES.map((guess) => toWords(together.replace(/\S+/g, (chunk) => unmask(chunk, guess))))])];
}

/** NFKC, lower case, without accents, zero-width and other invisible characters. Terms of the rules are folded likewise. */
export function fold(text: string): string {
  const visible = text
    .normalize('NFKC')
    .normalize('NFD')
    .replace(/[\p{Mn}\p{Cf}\u115f\u1160\u3164\uffa0]/gu, '');
  return visible
    .normalize('NFC')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll('æ', 'ae')
    .replace(/[\u{1f1e6}-\u{1f1ff}]/gu, (letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) - 0x1f1e6 + 0x61));
}

/** An article before the run is spaced like it: "a p o r n film". */
function joinSpaced(run: string, sign: string): string {
  const word = run.replaceAll(sign, '');
  return /^[ai]/.test(word) ? `${word} ${word.slice(1)}` : word;
}

/** A run of signs without a space, undone. */
function unmask(chunk: string, { one, run }: Guess): string {
  const word = latinLookAlike(chunk.replace(/^[^\p{L}\p{N}@$]+|[^\p{L}\p{N}@$]+$/gu, ''));
  const spelled = /\p{L}/u.test(word) ? word.replace(/[023456789@$€]/g, (sign) => LEET[sign] ?? sign).replace(/[1!|]/g, one) : word;
  const single = spelled.replace(/(\p{L})\1{2,}/gu, run);
  if (!/^[a-z]+\*[a-z]+$/.test(single)) return single;
  return VOWELS.map((vowel) => single.replace('*', vowel)).join(' ');
}

function toWords(text: string): string {
  return ` ${text
    .replace(/['’]s(?![\p{L}\p{N}])/gu, '')
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim()} `;
}
