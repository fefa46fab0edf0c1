/**
 * Prompts to CLIP's byte pairs; the twin of `models/streamingt2v/byte_pairs.py`. A prompt is only text: "<|endoftext|>" in one
 * is its characters, never the special token.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { PackageError, readJson } from './model-config.ts';

export interface BytePairs {
  readonly ids: ReadonlyMap<string, number>;
  /** By both pieces with a space between; the lower is joined sooner. */
  readonly ranks: ReadonlyMap<string, number>;
  readonly specials: { readonly pad: number; readonly first: number; readonly last: number };
  readonly max_tokens: number;
}

const WORDS = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/gu;
const WORD_END = '</w>';
const BYTE_NAMES = nameBytes();
const Vocabulary = z.record(z.string(), z.int().nonnegative());

/** @throws PackageError */
export async function readBytePairs(
  vocabulary_path: string,
  merges_path: string,
  { max_tokens, pad_token }: { readonly max_tokens: number; readonly pad_token: string },
): Promise<BytePairs> {
  const vocabulary = Vocabulary.safeParse(await readJson(vocabulary_path));
  if (!vocabulary.success) throw new PackageError(vocabulary_path, 'is not a vocabulary: byte pairs and their numbers are wanted');
  const ids = new Map(Object.entries(vocabulary.data));
  const special = (piece: string) => {
    const id = ids.get(piece);
    if (id === undefined) throw new PackageError(vocabulary_path, `is not a vocabulary: the piece ${piece} is missing`);
    return id;
  };
  const specials = { pad: special(pad_token), first: special('<|startoftext|>'), last: special('<|endoftext|>') };
  for (const name of BYTE_NAMES) {
    special(name);
    special(name + WORD_END);
  }
  return { ids, ranks: await readRanks(merges_path, ids), specials, max_tokens };
}

async function readRanks(path: string, ids: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PackageError(path, 'cannot be read', { cause });
  });
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#version'));
  for (const line of lines) {
    if (!ids.has(line.replace(' ', ''))) throw new PackageError(path, `joins ${line}, of which the vocabulary knows nothing`);
  }
  return new Map(lines.map((line, rank) => [line, rank]));
}

/** @returns exactly `max_tokens` ids: first, pieces, last, padding; what does not fit is left out */
export function tokenize(vocabulary: BytePairs, prompt: string): number[] {
  const { ids, specials, max_tokens } = vocabulary;
  const text = prompt.normalize('NFC').replace(/\s+/g, ' ').trim().toLowerCase();
  const pieces = (text.match(WORDS) ?? []).flatMap((word) => joinPieces(vocabulary, word)).map((piece) => ids.get(piece) ?? specials.last);
  const told = [specials.first, ...pieces.slice(0, max_tokens - 2), specials.last];
  return [...told, ...new Array<number>(max_tokens - told.length).fill(specials.pad)];
}

/** From single bytes on, the pair of lowest rank first. */
function joinPieces({ ranks }: BytePairs, word: string): string[] {
  const pieces = Array.from(new TextEncoder().encode(word), (byte) => BYTE_NAMES[byte] ?? '');
  pieces.push((pieces.pop() ?? '') + WORD_END);
  for (;;) {
    let best: { rank: number; place: number } | undefined;
    for (let place = 0; place < pieces.length - 1; place++) {
      const rank = ranks.get(`${pieces[place]} ${pieces[place + 1]}`);
      if (rank !== undefined && (!best || rank < best.rank)) best = { rank, place };
    }
    if (!best) return pieces;
    pieces.splice(best.place, 2, `${pieces[best.place]}${pieces[best.place + 1]}`);
  }
}

/** Each byte as a character that can be seen: itself where it is one, else the next beyond Latin-1. */
function nameBytes(): string[] {
  let hidden = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const seen = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(seen ? byte : hidden++);
  });
}
