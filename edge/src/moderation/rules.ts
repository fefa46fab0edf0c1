/**
 * The rules: which classes of words, how near each other, make which category. A word alone is rarely harm; a child,
 * and a nude, are a rule only together. What a rule found is named by its id, never by the words.
 */
import type { Category } from './categories.ts';
import { fold, readings } from './fold.ts';
import { type LexiconClass, termsOf } from './lexicon.ts';

export interface Rule {
  readonly id: string;
  readonly categories: readonly Category[];
  /** Every one of them within `within` words; the age of a child is a class of its own. */
  readonly all: readonly (LexiconClass | 'age')[];
  /** Words from the first to the last; default 10. */
  readonly within?: number;
}

export const RULES: readonly Rule[] = [
  { id: 'sexual.explicit', categories: ['sexual'], all: ['explicit'] },
  { id: 'sexual.nude-person', categories: ['sexual'], all: ['nude', 'person'], within: 7 },
  { id: 'sexual.sex-person', categories: ['sexual'], all: ['sex', 'person'], within: 7 },
  { id: 'sexual.sex-nude', categories: ['sexual'], all: ['sex', 'nude'] },
  { id: 'minors.word', categories: ['sexual/minors', 'sexual'], all: ['minorsAlone'] },
  { id: 'minors.explicit', categories: ['sexual/minors', 'sexual'], all: ['minor', 'explicit'] },
  { id: 'minors.nude', categories: ['sexual/minors', 'sexual'], all: ['minor', 'nude'] },
  { id: 'minors.suggestive', categories: ['sexual/minors', 'sexual'], all: ['minor', 'suggestive'] },
  { id: 'minors.rape', categories: ['sexual/minors', 'sexual'], all: ['minor', 'rape'] },
  { id: 'minors.age-explicit', categories: ['sexual/minors', 'sexual'], all: ['age', 'explicit'] },
  { id: 'minors.age-nude', categories: ['sexual/minors', 'sexual'], all: ['age', 'nude'] },
  { id: 'minors.age-suggestive', categories: ['sexual/minors', 'sexual'], all: ['age', 'suggestive'] },
  { id: 'violence.gore', categories: ['violence/graphic', 'violence'], all: ['gore'] },
  { id: 'violence.rape', categories: ['violence/graphic', 'violence', 'sexual'], all: ['rape'] },
  { id: 'violence.torture', categories: ['violence/graphic', 'violence'], all: ['torture', 'victim'] },
  { id: 'hate.word', categories: ['hate'], all: ['hateAlone'] },
  { id: 'hate.extermination', categories: ['hate', 'hate/threatening'], all: ['group', 'extermination'], within: 7 },
  { id: 'hate.dehumanising', categories: ['hate'], all: ['group', 'likened', 'dehumanising'], within: 7 },
  { id: 'self-harm.act', categories: ['self-harm'], all: ['selfHarm'] },
  { id: 'self-harm.encouragement', categories: ['self-harm', 'self-harm/instructions'], all: ['suicide', 'encouragement'], within: 7 },
  { id: 'illicit.act', categories: ['illicit'], all: ['illicitAlone'] },
  { id: 'illicit.instructions', categories: ['illicit', 'illicit/violent'], all: ['instruction', 'contraband'] },
  { id: 'illicit.mass-violence', categories: ['illicit', 'illicit/violent', 'violence'], all: ['massViolence'] },
  { id: 'impersonation.nude', categories: ['impersonation', 'sexual'], all: ['publicFigure', 'nude'] },
  { id: 'impersonation.explicit', categories: ['impersonation', 'sexual'], all: ['publicFigure', 'explicit'] },
  { id: 'impersonation.killed', categories: ['impersonation', 'violence'], all: ['publicFigure', 'killed'] },
  { id: 'impersonation.forgery', categories: ['impersonation'], all: ['publicFigure', 'forgery'] },
  { id: 'impersonation.forged-target', categories: ['impersonation'], all: ['forgery', 'target'] },
  { id: 'impersonation.forged-nude', categories: ['impersonation', 'sexual'], all: ['forgery', 'nude'] },
  { id: 'impersonation.compromising', categories: ['impersonation'], all: ['publicFigure', 'compromising'], within: 7 },
  { id: 'impersonation.explicit-target', categories: ['impersonation', 'sexual'], all: ['target', 'explicit'], within: 7 },
  { id: 'impersonation.face-nude', categories: ['impersonation', 'sexual'], all: ['facePut', 'nude'] },
  { id: 'impersonation.undressed-target', categories: ['impersonation', 'sexual'], all: ['nude', 'target'], within: 5 },
];

const DEFAULT_WITHIN = 10;
const ADULT_YEARS = 18;

/** The rules that any reading of the prompt breaks. */
export function brokenRules(prompt: string): Rule[] {
  const found = new Set<Rule>();
  for (const reading of readings(prompt)) {
    const positions = new Map<LexiconClass | 'age', readonly number[]>();
    const text = reading.replace(patternOf('harmless'), ' _');
    for (const rule of RULES) {
      const places = rule.all.map((name) => {
        const known = positions.get(name) ?? wordsOf(text, name);
        positions.set(name, known);
        return known;
      });
      if (areNear(places, rule.within ?? DEFAULT_WITHIN)) found.add(rule);
    }
  }
  return RULES.filter((rule) => found.has(rule));
}

/** Whether one place of each class lies within so many words. */
function areNear([first = [], ...others]: readonly (readonly number[])[], within: number): boolean {
  return first.some((place) => others.every((places) => places.some((other) => Math.abs(other - place) < within)));
}

/** Numbers of the words at which the class is found. */
function wordsOf(text: string, name: LexiconClass | 'age'): readonly number[] {
  const starts = name === 'age' ? childAges(text) : Array.from(text.matchAll(patternOf(name)), (match) => match.index);
  if (starts.length === 0) return [];
  const words: number[] = [];
  let word = 0;
  let at = 0;
  for (const start of starts) {
    for (; at < start; at++) if (text[at] === ' ') word++;
    words.push(word);
  }
  return words;
}

/** "13 year old", "15yo", "aged 9", "12 jährig": where the number is below 18. */
const AGE =
  / (?:(?:aged?|age of) (\d{1,2})(?= )|(\d{1,2}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen) ?(?:yo|y o|yrs?|years?|jahrig\p{L}*|jahre|anos|ans|anni|лет|летн\p{L}*|岁|歳|살)(?=[ \p{L}]))/gu;

function childAges(text: string): number[] {
  const ages = Array.from(text.matchAll(AGE));
  // A number that is written out is one of those below 18.
  return ages.filter(([, after, before]) => !(Number(after ?? before) >= ADULT_YEARS)).map((match) => match.index);
}

const patterns = new Map<LexiconClass, RegExp>();

/** One expression for a class, made at its first use. It begins at a space, so each word is tried once. */
function patternOf(name: LexiconClass): RegExp {
  const known = patterns.get(name);
  if (known) return known;
  const terms = termsOf(name).map((term) => fold(term));
  const spaced = terms.filter((term) => !UNSPACED.test(term)).map(toPattern);
  const unspaced = terms.filter((term) => UNSPACED.test(term)).map(toPattern);
  const anywhere = unspaced.length > 0 ? `|(?:${unspaced.join('|')})` : '';
  const pattern = new RegExp(` (?:${spaced.join('|')})(?= )${anywhere}`, 'gu');
  patterns.set(name, pattern);
  return pattern;
}

/** Scripts that are written without spaces, or with endings that are part of the word. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

/** Spaces may be missing: letters that were kept apart come together as one word. */
function toPattern(term: string): string {
  return term
    .replace(/[^\p{L}\p{M}\p{N}*. ]/gu, ' ')
    .replaceAll('*', UNSPACED.test(term) ? '' : '[\\p{L}\\p{M}]*')
    .replaceAll(' .. ', ' @')
    .replaceAll(' ', ' ?')
    .replaceAll('@', '(?:[^ ]+ ){0,3}');
}
