/** The last line of every benchmark: its figures as JSON, with what they were measured on. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

export function report(name: string, figures: Readonly<Record<string, unknown>>): void {
  console.log(
    JSON.stringify({ bench: name, ...figures, cores: cpus().length, cpu: cpus()[0]?.model, node: process.version, commit: commit() }),
  );
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @param q 0 to 1; the nearest rank, so always a value that was measured */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  if (value === undefined) throw new RangeError('there are no values to take a quantile of');
  return value;
}

/** Three significant digits. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}

/** The commit, marked where the tree has changes that it does not hold. */
function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: fileURLToPath(new URL('..', import.meta.url)), encoding: 'utf8' }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') ? '+changes' : '');
  } catch {
    return 'unknown';
  }
}
