/** The model packages that are served; the first is the default. Parsed when the Worker starts, so a bad one stops a deployment. */
import { ModelPackage, type NearWords } from '@everframe/shared';
import storybook1Words from '../../models/packages/everframe-storybook-1/known_words.json' with { type: 'json' };
import storybook1 from '../../models/packages/everframe-storybook-1/model.json' with { type: 'json' };
import storybook1Near from '../../models/packages/everframe-storybook-1/near_words.json' with { type: 'json' };

export const PACKAGES: readonly ModelPackage[] = [ModelPackage.parse(storybook1)];

/** Unix seconds of each package's release, by name: `created` of the models' list. */
export const RELEASED_AT: Readonly<Record<string, number>> = { 'everframe-storybook-1': 1_795_485_273 };

/** The words that each package met in training, by name. Of a package that is not here no word is called unknown. */
export const KNOWN_WORDS: Readonly<Record<string, ReadonlySet<string>>> = {
  'everframe-storybook-1': new Set(storybook1Words),
};

/** What each package reads as a word that it knows, by name. */
export const NEAR_WORDS: Readonly<Record<string, NearWords>> = { 'everframe-storybook-1': storybook1Near };
