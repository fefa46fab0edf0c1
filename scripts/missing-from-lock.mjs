/**
 * Platform packages that a lockfile names but does not hold: npm writes such a file when the registry lacked one
 * of them, and `npm ci` of npm 11 then refuses it on every platform.
 */
import { readFileSync } from 'node:fs';

/** @returns each missing name with who asks for it */
export function missingFromLock(path) {
  const { packages } = JSON.parse(readFileSync(path, 'utf8'));
  const missing = [];
  for (const [folder, { optionalDependencies = {} }] of Object.entries(packages)) {
    for (const name of Object.keys(optionalDependencies)) {
      if (!resolves(packages, folder, name)) missing.push(`${name} (of ${folder || 'the root'})`);
    }
  }
  return missing;
}

/** As Node looks a package up: in the asker's own node_modules, then in each folder above. */
function resolves(packages, folder, name) {
  for (let at = folder; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    if (packages[`${at ? `${at}/` : ''}node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}
