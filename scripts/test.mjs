/**
 * `npm test`: checks, unit tests, the models' own tests, end-to-end tests; one sum at the end. `-- --only edge`
 * (or check, shared, gpu-worker, cli, scripts, models, e2e; may be repeated) runs a part.
 */
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runChecks } from './check.mjs';
import { runNodeTests } from './node-tests.mjs';
import { runPythonTests } from './python-tests.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const UNIT_PARTS = {
  shared: 'shared/src',
  edge: 'edge/src',
  'gpu-worker': 'gpu-worker/src',
  cli: 'cli/src',
  'verify-page': 'verify-page/src',
  scripts: 'scripts',
};
const PARTS = ['check', ...Object.keys(UNIT_PARTS), 'models', 'e2e'];
/** A test that takes longer hangs; end-to-end tests make whole videos on a busy machine. */
const UNIT_TIMEOUT_MS = 180_000;
const E2E_TIMEOUT_MS = 900_000;

const parts = readParts();
const sum = { passed: 0, failed: 0, skipped: 0 };

if (parts.includes('check')) sum.failed += runChecks().length;
const unit_folders = Object.entries(UNIT_PARTS).flatMap(([part, folder]) => (parts.includes(part) ? [folder] : []));
const unit_files = unit_folders.flatMap((folder) => find(`${folder}/**/*.test.{ts,mjs}`));
add(await runNodeTests(root, unit_files, { concurrency: 2, timeout_ms: UNIT_TIMEOUT_MS }));
if (parts.includes('models')) add(await runPythonTests(join(root, 'models')));
// Each of these runs a whole stack: one after the other.
if (parts.includes('e2e')) add(await runNodeTests(root, find('test/e2e/**/*.test.ts'), { concurrency: 1, timeout_ms: E2E_TIMEOUT_MS }));

const only_check = parts.length === 1 && parts[0] === 'check';
if (sum.passed + sum.failed === 0 && !only_check) {
  console.error('No test ran.');
  sum.failed += 1;
}
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
process.exit(sum.failed === 0 ? 0 : 1);

function readParts() {
  try {
    const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
    const unknown = values.only?.find((part) => !PARTS.includes(part));
    if (unknown) throw new Error(`--only takes ${PARTS.join(', ')}; got ${unknown}.`);
    return values.only ?? PARTS;
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

function find(pattern) {
  return globSync(pattern, { cwd: root }).sort();
}

function add(outcome) {
  for (const name of Object.keys(sum)) sum[name] += outcome[name];
}
