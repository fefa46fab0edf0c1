/** POST /v1/moderations: what the safety rules say of a text, in OpenAI's shape, before a video is asked for. Free, and kept nowhere. */
import { CREATE_BODY_MAX_BYTES, EverframeError, MODERATION_INPUTS_MAX, PROMPT_MAX_CHARACTERS } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { parseJsonObject, readBody } from '../http/read-body.ts';
import { CATEGORIES, type Category } from '../moderation/categories.ts';
import { moderate, type Verdict } from '../moderation/moderate.ts';

/** What answers, whichever model the client names: there is one. */
const MODEL = 'everframe-moderation-1';

export async function createModeration(c: Context<AppEnv>): Promise<Response> {
  const { input } = parseJsonObject(await readBody(c.req.raw, CREATE_BODY_MAX_BYTES));
  const texts = parseInput(input);
  const results = [];
  for (const text of texts) results.push(toResult(await moderate(text, c.get('settings').moderation)));
  return c.json({ id: `modr-${crypto.randomUUID().replaceAll('-', '')}`, model: MODEL, results });
}

function toResult({ categories, scores }: Verdict) {
  const each = <T>(value: (category: Category) => T) => Object.fromEntries(CATEGORIES.map((category) => [category, value(category)]));
  return {
    flagged: categories.length > 0,
    categories: each((category) => categories.includes(category)),
    category_scores: each((category) => scores[category] ?? 0),
    category_applied_input_types: each(() => ['text']),
  };
}

/** A text, a list of texts with a result for each, or a list of typed parts with one result for all of them together. */
function parseInput(input: unknown): string[] {
  if (typeof input === 'string') return [checkLength(input)];
  if (!Array.isArray(input) || input.length < 1 || input.length > MODERATION_INPUTS_MAX) {
    throw refusal(`'input' must be a text or a list of 1 to ${MODERATION_INPUTS_MAX} of them.`);
  }
  if (input.every((text) => typeof text === 'string')) return input.map(checkLength);
  return [checkLength(input.map(textOf).join('\n'))];
}

function textOf(part: unknown): string {
  const { type, text } = (typeof part === 'object' && part !== null ? part : {}) as { type?: unknown; text?: unknown };
  if (type === 'image_url') {
    throw new EverframeError('unsupported_parameter', "Images cannot be checked here yet: 'input' may only have texts.", {
      param: 'input',
    });
  }
  if (type !== 'text' || typeof text !== 'string') throw refusal("Each part of 'input' must be {type: 'text', text: <string>}.");
  return text;
}

function checkLength(text: string): string {
  const characters = [...text].length;
  if (characters <= PROMPT_MAX_CHARACTERS) return text;
  throw new EverframeError(
    'string_too_long',
    `Each text of 'input' may have at most ${PROMPT_MAX_CHARACTERS} characters; got ${characters}.`,
    {
      param: 'input',
    },
  );
}

function refusal(message: string): EverframeError {
  return new EverframeError('invalid_type', message, { param: 'input' });
}
