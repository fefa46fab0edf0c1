/** Test files under node:test: shown as they run, counted by a reporter of ours. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outcomeOf, runToEnd } from './test-outcome.mjs';

/** @returns passed, failed, skipped */
export async function runNodeTests(root, files, { concurrency, timeout_ms }) {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const folder = mkdtempSync(join(tmpdir(), 'everframe-test-'));
  const counts_path = join(folder, 'counts.json');
  const args = [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${timeout_ms}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${new URL('./count-reporter.mjs', import.meta.url).href}`,
    `--test-reporter-destination=${counts_path}`,
    ...files,
  ];
  const { exit_code } = await runToEnd(process.execPath, args, { cwd: root, stdio: 'inherit' });
  const counts = readCounts(counts_path);
  rmSync(folder, { recursive: true, force: true });
  return outcomeOf(counts, exit_code);
}

function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // The run was cut off before its sums were written.
    return undefined;
  }
}
