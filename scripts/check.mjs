/** `npm run check`: types, lint and format, lockfiles. Prints what fails; the exit code says whether anything did. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { missingFromLock } from './missing-from-lock.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @returns names of the checks that failed */
export function runChecks() {
  const checks = {
    types: () => runTool('typescript/bin/tsc', ['-b']),
    'lint and format': () => runTool('@biomejs/biome/bin/biome', ['ci', '--no-errors-on-unmatched', '.']),
    lockfiles: checkLockfiles,
  };
  return Object.entries(checks)
    .filter(([name, passes]) => {
      const passed = passes();
      console.log(`${passed ? 'ok' : 'FAILED'}: ${name}`);
      return !passed;
    })
    .map(([name]) => name);
}

function runTool(script, args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root, stdio: 'inherit' });
  return status === 0;
}

function checkLockfiles() {
  const missing = ['package-lock.json', 'tools/node24/package-lock.json'].flatMap((path) =>
    missingFromLock(join(root, path)).map(
      (name) => `${path}: ${name} is an optional dependency but has no entry; npm 11 refuses such a file`,
    ),
  );
  for (const line of missing) console.error(line);
  return missing.length === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(runChecks().length === 0 ? 0 : 1);
