/**
 * Asks an endpoint that speaks OpenAI's moderations: `POST {url}/moderations` with `{model, input}`. The time limit
 * covers the whole exchange. Whatever goes wrong is one error; what to do about it is the caller's.
 */
import type { SecondOpinionSettings } from '../env.ts';
import { CATEGORIES, type Category, isCategory } from './categories.ts';

export interface SecondOpinion {
  readonly categories: readonly Category[];
  readonly scores: Readonly<Partial<Record<Category, number>>>;
}

const ANSWER_MAX_CHARACTERS = 64 * 1024;

/** @throws Error saying what failed, without the text that was asked about */
export async function askSecondOpinion({ url, apiKey, model, timeoutMs }: SecondOpinionSettings, text: string): Promise<SecondOpinion> {
  const response = await fetch(`${url.replace(/\/+$/, '')}/moderations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
    body: JSON.stringify({ model, input: text }),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`the moderation endpoint answered ${response.status}`);
  if (answer.length > ANSWER_MAX_CHARACTERS) throw new Error(`the moderation endpoint answered ${answer.length} characters`);
  return parseAnswer(answer);
}

/** Categories that we do not know are left out: newer ones must not stop the service. */
function parseAnswer(answer: string): SecondOpinion {
  const [result] = members<unknown[]>(JSON.parse(answer), 'results', Array.isArray);
  const categories = members<Record<string, unknown>>(result, 'categories', isRecord);
  const scores = members<Record<string, unknown>>(result, 'category_scores', isRecord);
  const known = Object.entries(scores).filter((entry): entry is [Category, number] => isCategory(entry[0]) && typeof entry[1] === 'number');
  return { categories: CATEGORIES.filter((category) => categories[category] === true), scores: Object.fromEntries(known) };
}

function members<T>(value: unknown, name: string, is: (value: unknown) => boolean): T {
  const member = isRecord(value) ? value[name] : undefined;
  if (!is(member)) throw new Error(`the moderation endpoint's answer has no '${name}'`);
  return member as T;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
