/** Where the parts of this checkout lie. */
import { join } from 'node:path';

export const REPOSITORY = join(import.meta.dirname, '..', '..');
export const DEFAULT_DATA_DIR = join(REPOSITORY, '.everframe');
export const PACKAGES_DIR = join(REPOSITORY, 'models', 'packages');
