/**
 * Whether a prompt may become a video, before anything is stored or paid: our own rules first, which need nothing but
 * the text, then the second opinion where one is configured. A refusal names categories, never words.
 */
import { describeError, EverframeError } from '@everframe/shared';
import type { ModerationSettings } from '../env.ts';
import { log } from '../log.ts';
import { CATEGORIES, type Category } from './categories.ts';
import { brokenRules } from './rules.ts';
import { askSecondOpinion } from './second-opinion.ts';

export interface Verdict {
  readonly categories: readonly Category[];
  /** From 0 to 1; a category that is missing has 0. */
  readonly scores: Readonly<Partial<Record<Category, number>>>;
  /** Who found it; null where nothing was found. */
  readonly source: 'rules' | 'second_opinion' | null;
  /** Ids of our own rules that were broken. */
  readonly rules: readonly string[];
}

/** Rules know no degrees: what they find is near certain, never certain. */
const RULE_SCORE = 0.99;

/** @throws EverframeError `moderation_unavailable` where the second opinion fails and its failures refuse */
export async function moderate(text: string, { secondOpinion, onFailure }: ModerationSettings): Promise<Verdict> {
  const rules = brokenRules(text);
  if (rules.length > 0) {
    const categories = CATEGORIES.filter((category) => rules.some((rule) => rule.categories.includes(category)));
    const scores = Object.fromEntries(categories.map((category) => [category, RULE_SCORE]));
    return { categories, scores, source: 'rules', rules: rules.map((rule) => rule.id) };
  }
  const nothing: Verdict = { categories: [], scores: {}, source: null, rules: [] };
  if (!secondOpinion) return nothing;
  try {
    const { categories, scores } = await askSecondOpinion(secondOpinion, text);
    return { categories, scores, source: categories.length > 0 ? 'second_opinion' : null, rules: [] };
  } catch (cause) {
    log('warn', 'the second opinion on a prompt failed', { error: describeError(cause), on_failure: onFailure });
    if (onFailure === 'allow') return nothing;
    throw new EverframeError('moderation_unavailable', 'The prompt could not be checked. Nothing was made or charged. Try again.', {
      cause,
    });
  }
}
