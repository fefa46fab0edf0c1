/**
 * Which words of a prompt a model never met in training, so that whoever asks can be told. English; a word in another
 * script is known only if the model lists it. Knows nothing of models: the words come from the caller.
 */

/** A stem shorter than this says nothing: "red" is no form of "r". */
const MIN_STEM_LETTERS = 3;

const FUNCTION_WORDS: ReadonlySet<string> = new Set(
  `a an the this that these those some any each every all both no not one other another
  i me my you your he him his she her hers it its we us our they them their who whose which what where when while how why
  and or but nor so if then than as because though although with without of at by for from in into on onto to toward towards
  up down out off over under above below between among through across along around about against near behind beside beyond
  before after during until since inside outside via per is am are was were be been being do does did done has have had having
  can could will would shall should may might must let there here also too very just only still again ever even such
  don't doesn't didn't isn't aren't wasn't weren't can't cannot won't it's that's there's i'm you're they're we're`.split(/\s+/),
);

const IRREGULAR: Readonly<Record<string, string>> = {
  men: 'man',
  women: 'woman',
  children: 'child',
  people: 'person',
  mice: 'mouse',
  geese: 'goose',
  feet: 'foot',
  teeth: 'tooth',
  ran: 'run',
  swam: 'swim',
  flew: 'fly',
  flown: 'fly',
  drove: 'drive',
  driven: 'drive',
  rode: 'ride',
  ridden: 'ride',
  fell: 'fall',
  fallen: 'fall',
  sat: 'sit',
  stood: 'stand',
  went: 'go',
  gone: 'go',
  goes: 'go',
};

/**
 * Words as they stand in the prompt, in lower case and each once. Anything with a digit in it, function words and other
 * forms of a known word (its plural, "running" for "runs") are left out.
 * @param known single words or phrases; a phrase makes each of its words known
 */
export function unknownWords(prompt: string, known: ReadonlySet<string>): string[] {
  const stems = stemsOf(known);
  const words = splitWords(prompt).filter((word) => !/\p{N}/u.test(word) && !FUNCTION_WORDS.has(word));
  return [...new Set(words)].filter((word) => !formsOf(word).some((form) => stems.has(form)));
}

/** A model's words are the same for every prompt, and taking thousands of them apart costs milliseconds. */
const stemsByWords = new WeakMap<ReadonlySet<string>, ReadonlySet<string>>();

function stemsOf(known: ReadonlySet<string>): ReadonlySet<string> {
  const stems = stemsByWords.get(known) ?? new Set([...known].flatMap(splitWords).flatMap(formsOf));
  stemsByWords.set(known, stems);
  return stems;
}

/** Runs of letters, digits and inner apostrophes; a possessive ending goes, a hyphen separates. */
function splitWords(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase().replaceAll('’', "'");
  const words = plain.match(/[\p{L}\p{M}\p{N}]+(?:'[\p{L}\p{M}]+)*/gu) ?? [];
  return words.map((word) => (FUNCTION_WORDS.has(word) ? word : word.replace(/'s$/, '')));
}

/** The word and what it may be a plural or a verb form of. Some are no words; those match nothing. */
function formsOf(word: string): string[] {
  const irregular = Object.hasOwn(IRREGULAR, word) ? IRREGULAR[word] : undefined;
  const stems = [
    ...endingIn(word, 's', ['']),
    ...endingIn(word, 'es', ['']),
    ...endingIn(word, 'ies', ['y']),
    ...endingIn(word, 'ves', ['f', 'fe']),
    ...endingIn(word, 'ied', ['y']),
    ...['ing', 'ed'].flatMap((ending) => endingIn(word, ending, ['', 'e']).flatMap((stem) => [stem, single(stem)])),
  ];
  return [word, ...(irregular ? [irregular] : []), ...stems.filter((stem) => stem.length >= MIN_STEM_LETTERS)];
}

function endingIn(word: string, ending: string, replacements: readonly string[]): string[] {
  return word.endsWith(ending) ? replacements.map((replacement) => word.slice(0, -ending.length) + replacement) : [];
}

/** "runn" to "run": the last letter is doubled before an ending. */
function single(stem: string): string {
  return stem.replace(/([bdgklmnprt])\1$/, '$1');
}
