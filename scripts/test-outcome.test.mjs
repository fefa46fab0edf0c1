/** What a run of tests counts for. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { readSummary } from './python-tests.mjs';
import { outcomeOf, runToEnd } from './test-outcome.mjs';

it('a run without counts is one failure, whatever its exit code', () => {
  for (const exit_code of [0, 1]) assert.deepEqual(outcomeOf(undefined, exit_code), { passed: 0, failed: 1, skipped: 0 });
});

it('a run that ends badly without a failed test is one failure', () => {
  assert.deepEqual(outcomeOf({ passed: 3, failed: 0, skipped: 1 }, 1), { passed: 3, failed: 1, skipped: 1 });
  assert.deepEqual(outcomeOf({ passed: 3, failed: 2, skipped: 0 }, 1), { passed: 3, failed: 2, skipped: 0 });
  assert.deepEqual(outcomeOf({ passed: 3, failed: 0, skipped: 0 }, 0), { passed: 3, failed: 0, skipped: 0 });
});

it("pytest's last line is counted, and an end without it is not", () => {
  assert.deepEqual(readSummary('..F\n1 failed, 10 passed, 2 skipped in 2.31s\n'), { passed: 10, failed: 1, skipped: 2 });
  assert.deepEqual(readSummary('1 error in 0.10s\n'), { passed: 0, failed: 1, skipped: 0 });
  assert.equal(readSummary('Segmentation fault\n'), undefined);
});

it('a program tells its exit code and what it wrote', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'everframe-outcome-'));
  const path = join(folder, 'program.mjs');
  writeFileSync(path, 'process.exitCode = 3;');
  try {
    assert.deepEqual(await runToEnd(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] }), { exit_code: 3, stdout: '' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
