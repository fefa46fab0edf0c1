/** The model packages that are served; the first is the default. Parsed when the Worker starts, so a bad one stops a deployment. */
import { ModelPackage } from '@everframe/shared';
import toybox1 from '../../models/packages/everframe-toybox-1/model.json' with { type: 'json' };
import toybox1Vocabulary from '../../models/packages/everframe-toybox-1/vocabulary.json' with { type: 'json' };

export const PACKAGES: readonly ModelPackage[] = [ModelPackage.parse(toybox1)];

/** Unix seconds of each package's release, by name: `created` of the models' list. */
export const RELEASED_AT: Readonly<Record<string, number>> = { 'everframe-toybox-1': 1_795_371_256 };

/** The words that each package met in training, by name. Of a package that is not here no word is called unknown. */
export const KNOWN_WORDS: Readonly<Record<string, ReadonlySet<string>>> = {
  'everframe-toybox-1': new Set(Object.keys(toybox1Vocabulary.words)),
};
