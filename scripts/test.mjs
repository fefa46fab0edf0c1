/**
 * `npm test`: checks, unit tests, end-to-end tests; one sum at the end. `-- --only edge` (or check, shared,
 * gpu-worker, cli, e2e; may be repeated) runs a part.
 */
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runChecks } from './check.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const UNIT_PARTS = ['shared', 'edge', 'gpu-worker', 'cli'];
const PARTS = ['check', ...UNIT_PARTS, 'e2e'];
/** A test that takes longer hangs; end-to-end tests make whole videos on a busy machine. */
const UNIT_TIMEOUT_MS = 180_000;
const E2E_TIMEOUT_MS = 900_000;

const parts = readParts();
const sum = { passed: 0, failed: 0, skipped: 0 };

if (parts.includes('check')) sum.failed += runChecks().length;
const unit_files = UNIT_PARTS.filter((part) => parts.includes(part)).flatMap((part) => find(`${part}/src/**/*.test.ts`));
await runTests(unit_files, { concurrency: 2, timeout_ms: UNIT_TIMEOUT_MS });
// Each of these runs a whole stack: one after the other.
if (parts.includes('e2e')) await runTests(find('test/e2e/**/*.test.ts'), { concurrency: 1, timeout_ms: E2E_TIMEOUT_MS });

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

async function runTests(files, { concurrency, timeout_ms }) {
  if (files.length === 0) return;
  const folder = mkdtempSync(join(tmpdir(), 'everframe-test-'));
  const counts_path = join(folder, 'counts.json');
  const code = await runNode([
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${timeout_ms}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${new URL('./count-reporter.mjs', import.meta.url).href}`,
    `--test-reporter-destination=${counts_path}`,
    ...files,
  ]);
  const counts = readCounts(counts_path);
  rmSync(folder, { recursive: true, force: true });
  sum.passed += counts.passed;
  sum.skipped += counts.skipped;
  // A file that cannot be read or ends early must never look like success.
  sum.failed += counts.failed > 0 || code === 0 ? counts.failed : 1;
}

function runNode(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // Without counts the run was cut off; its exit code counts as one failure.
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
