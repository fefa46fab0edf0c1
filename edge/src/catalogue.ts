/** The model packages that are served; the first is the default. Parsed when the Worker starts, so a bad one stops a deployment. */
import { ModelPackage } from '@everframe/shared';
import toybox1 from '../../models/packages/everframe-toybox-1/model.json' with { type: 'json' };

export const PACKAGES: readonly ModelPackage[] = [ModelPackage.parse(toybox1)];
