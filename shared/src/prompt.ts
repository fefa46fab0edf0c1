/**
 * What a prompt may be made of, and how much of it a model reads. A prompt is kept in Unicode NFC; characters that
 * nobody can see and that change what others read are refused rather than removed, so the text stays the caller's.
 */
import { EverframeError } from './errors.ts';
import { unknownWords } from './known-words.ts';
import { PROMPT_MAX_CHARACTERS, WARNED_WORDS_MAX } from './limits.ts';
import type { ModelPackage } from './model-package.ts';
import { type NearWords, nearWord } from './near-words.ts';

/** What a model will not do with a prompt, beside the answer that accepts it. */
export type PromptWarning =
  | {
      readonly code: 'prompt_truncated';
      readonly message: string;
      readonly param: string;
      readonly tokens: number;
      readonly max_tokens: number;
    }
  | { readonly code: 'near_words' | 'unknown_words'; readonly message: string; readonly param: string; readonly words: readonly string[] };

/** What is made otherwise than was asked. */
export type RequestWarning =
  | PromptWarning
  | { readonly code: 'model_replaced' | 'size_replaced'; readonly message: string; readonly param: string };

const REFUSED = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused
  { what: 'control characters', pattern: /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u },
  // Embeddings, overrides and isolates of UAX 9. The marks U+200E and U+200F stay: honest text in two directions has them.
  { what: 'bidirectional overrides', pattern: /[\u202a-\u202e\u2066-\u2069]/u },
  { what: 'noncharacters', pattern: /[\p{Noncharacter_Code_Point}]/u },
] as const;

/** @throws EverframeError naming rule and value */
export function parsePrompt(value: unknown, param = 'prompt'): string {
  if (value === undefined || value === null) {
    throw new EverframeError('missing_required_parameter', `Missing required parameter: '${param}'. Say what the video should show.`, {
      param,
    });
  }
  if (typeof value !== 'string') {
    throw new EverframeError('invalid_type', `'${param}' must be a string; got ${typeName(value)}.`, { param });
  }
  const prompt = value.toWellFormed().normalize('NFC').trim();
  if (prompt === '') {
    throw new EverframeError('string_too_short', `'${param}' must have at least 1 character that is not white space; got none.`, { param });
  }
  const characters = [...prompt].length;
  if (characters > PROMPT_MAX_CHARACTERS) {
    throw new EverframeError(
      'string_too_long',
      `'${param}' may have at most ${PROMPT_MAX_CHARACTERS} characters; got ${characters}. Shorten it.`,
      { param },
    );
  }
  for (const { what, pattern } of REFUSED) {
    const [found] = pattern.exec(prompt) ?? [];
    if (found !== undefined) {
      throw new EverframeError('invalid_value', `'${param}' may not have ${what}; found ${codePointName(found)}. Remove it.`, { param });
    }
  }
  return prompt;
}

/**
 * @param known the words of the model's training; undefined where the package does not list them
 * @param near words beyond those that the model reads as one of them
 * @param strict refuses what would only be warned of: a prompt that the model cannot read whole
 * @throws EverframeError `prompt_too_long`
 */
export function reviewPrompt(
  prompt: string,
  model: ModelPackage,
  {
    known,
    near = {},
    strict,
    param = 'prompt',
  }: {
    readonly known?: ReadonlySet<string> | undefined;
    readonly near?: NearWords | undefined;
    readonly strict: boolean;
    readonly param?: string;
  },
): PromptWarning[] {
  const warnings: PromptWarning[] = [];
  const { max_tokens } = model.text;
  const tokens = leastTokens(prompt);
  if (tokens > max_tokens) {
    const message = `'${param}' has ${tokens} tokens or more; ${model.name} reads the first ${max_tokens}.`;
    if (strict) throw new EverframeError('prompt_too_long', `${message} Shorten it, or leave 'strict' out.`, { param });
    warnings.push({ code: 'prompt_truncated', message: `${message} The rest is ignored.`, param, tokens, max_tokens });
  }
  const never = `${model.name} never met these words in training and`;
  const unmet = known === undefined ? [] : unknownWords(prompt, known);
  const read = unmet.filter((word) => nearWord(word, near) !== undefined);
  if (read.length > 0) {
    const list = listWords(read, (word) => `${word} as ${nearWord(word, near)}`);
    warnings.push({
      code: 'near_words',
      message: `${never} reads them as the nearest that it did: ${list.text}.`,
      param,
      words: list.words,
    });
  }
  const unknown = unmet.filter((word) => nearWord(word, near) === undefined);
  if (unknown.length > 0) {
    const list = listWords(unknown, (word) => word);
    warnings.push({ code: 'unknown_words', message: `${never} may ignore them: ${list.text}.`, param, words: list.words });
  }
  return warnings;
}

/** No more words, and of each no more letters, than an answer should carry. */
function listWords(found: readonly string[], say: (word: string) => string): { readonly words: string[]; readonly text: string } {
  const words = found.slice(0, WARNED_WORDS_MAX).map((word) => [...word].slice(0, 40).join(''));
  const more = found.length > words.length ? ` and ${found.length - words.length} more` : '';
  return { words, text: `${words.map(say).join(', ')}${more}` };
}

/**
 * WordPieces of a prompt, at least: the first and last of every text, and one for each word, punctuation mark and
 * ideograph. A word may have more, so what is too long here is too long for the model, and a little may be missed.
 */
function leastTokens(prompt: string): number {
  return 2 + (prompt.match(/\p{Script=Han}|[\p{L}\p{M}\p{N}]+|[\p{P}$+<=>^`|~]/gu)?.length ?? 0);
}

function codePointName(text: string): string {
  return `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** As an error text names what was sent instead. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
