/**
 * Prompts to WordPiece ids, as BERT's uncased tokenizer makes them; the twin of `models/word_piece.py`. A prompt is only
 * text: "[MASK]" in one is three tokens, never the special one.
 */
import { readFile } from 'node:fs/promises';
import { PackageError } from './model-config.ts';

export interface WordPieces {
  readonly ids: ReadonlyMap<string, number>;
  readonly specials: { readonly pad: number; readonly unknown: number; readonly first: number; readonly last: number };
  readonly max_tokens: number;
}

/** Characters; a longer word is unknown, as in BERT. */
const MAX_WORD_LENGTH = 100;

/** Controls, formats such as zero-width joiners, private characters, halves of a surrogate pair; a tab or line break stays. */
const REMOVED = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\ufffd]/gu;
const WHITE_SPACE = /[\t\n\r\p{Z}]/gu;
/** Each a word of its own; the ranges of the `tokenizers` package. */
const IDEOGRAPH = /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
/** The ASCII symbols are punctuation to BERT, not to Unicode. */
const PUNCTUATION = /[\p{P}$+<=>^`|~]/gu;

/** @throws PackageError */
export async function readWordPieces(path: string, max_tokens: number): Promise<WordPieces> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PackageError(path, 'cannot be read', { cause });
  });
  try {
    return parseWordPieces(text, max_tokens);
  } catch (cause) {
    throw new PackageError(path, `is not a vocabulary: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** `vocab.txt`: one piece a line, whose id is the line's number from 0. */
export function parseWordPieces(text: string, max_tokens: number): WordPieces {
  const ids = new Map(
    text
      .replace(/\n$/, '')
      .split('\n')
      .map((piece, id) => [piece, id]),
  );
  const special = (piece: string) => {
    const id = ids.get(piece);
    if (id === undefined) throw new Error(`the piece ${piece} is missing`);
    return id;
  };
  const specials = { pad: special('[PAD]'), unknown: special('[UNK]'), first: special('[CLS]'), last: special('[SEP]') };
  return { ids, specials, max_tokens };
}

/** @returns exactly `max_tokens` ids: first, pieces, last, padding; what does not fit is left out */
export function tokenize(vocabulary: WordPieces, prompt: string): number[] {
  const { specials, max_tokens } = vocabulary;
  const ids = [specials.first, ...pieceIds(vocabulary, prompt).slice(0, max_tokens - 2), specials.last];
  return [...ids, ...new Array<number>(max_tokens - ids.length).fill(specials.pad)];
}

/** The tokens of the unconditional branch of guidance: those of the empty prompt. */
export function nullTokens(vocabulary: WordPieces): number[] {
  return tokenize(vocabulary, '');
}

/** How many tokens the whole prompt has, first and last included, and whether the model reads only its beginning. */
export function countTokens(vocabulary: WordPieces, prompt: string): { tokens: number; truncated: boolean } {
  const tokens = pieceIds(vocabulary, prompt).length + 2;
  return { tokens, truncated: tokens > vocabulary.max_tokens };
}

function pieceIds(vocabulary: WordPieces, prompt: string): number[] {
  return splitWords(prompt).flatMap((word) => splitWord(vocabulary, word));
}

/** Lower case without accents; punctuation marks and ideographs stand alone. */
function splitWords(prompt: string): string[] {
  const spaced = prompt.replace(REMOVED, '').replace(WHITE_SPACE, ' ').replace(IDEOGRAPH, ' $& ');
  const bare = spaced.normalize('NFD').replace(/\p{Mn}/gu, '');
  // Character by character: no rule for a sigma at a word's end.
  const lower = Array.from(bare, (char) => char.toLowerCase()).join('');
  return lower
    .replace(PUNCTUATION, ' $& ')
    .split(' ')
    .filter((word) => word !== '');
}

/** The longest known piece first; a word with a part that no piece fits is unknown as a whole. */
function splitWord({ ids, specials }: WordPieces, word: string): number[] {
  const chars = Array.from(word);
  if (chars.length > MAX_WORD_LENGTH) return [specials.unknown];
  const pieces: number[] = [];
  for (let start = 0; start < chars.length; ) {
    let end = chars.length;
    let id: number | undefined;
    for (; end > start; end--) {
      id = ids.get((start > 0 ? '##' : '') + chars.slice(start, end).join(''));
      if (id !== undefined) break;
    }
    if (id === undefined) return [specials.unknown];
    pieces.push(id);
    start = end;
  }
  return pieces;
}
