/** The models' tests, under the Python that is at hand. Without one that has their packages they are skipped, aloud. */
import { spawnSync } from 'node:child_process';
import { outcomeOf, runToEnd } from './test-outcome.mjs';

const PYTHON = 'python3';

/** @returns passed, failed, skipped */
export async function runPythonTests(folder) {
  const lack = findLack();
  if (lack) {
    console.log(`skipped: models, since ${lack}; \`pip install -r models/requirements.txt\` brings what they need`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const args = ['-B', '-m', 'pytest', '-q', '-p', 'no:cacheprovider'];
  const { exit_code, stdout } = await runToEnd(PYTHON, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  return outcomeOf(readSummary(stdout), exit_code);
}

/** Of pytest's last line, for example `1 failed, 10 passed in 2.31s`; undefined without one. */
export function readSummary(output) {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  if (!/ in [\d.]+s/.test(line)) return undefined;
  const count = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  return { passed: count('passed'), failed: count('failed') + count('error'), skipped: count('skipped') };
}

function findLack() {
  const { status, error } = spawnSync(PYTHON, ['-c', 'import torch, numpy, pytest'], { stdio: 'ignore' });
  if (error) return `there is no ${PYTHON}`;
  return status === 0 ? undefined : `${PYTHON} lacks torch, numpy or pytest`;
}
