/** What a run of tests counts for. */
import { spawn } from 'node:child_process';

/**
 * A run that fails without a failed test, or tells no counts, never looks like success.
 * @param counts undefined where they could not be read
 * @returns passed, failed, skipped
 */
export function outcomeOf(counts, exit_code) {
  if (!counts) return { passed: 0, failed: 1, skipped: 0 };
  return { ...counts, failed: counts.failed > 0 || exit_code === 0 ? counts.failed : 1 };
}

/** Runs a program to its end, passing signals on. @returns its exit code, and its standard output where that is piped */
export function runToEnd(program, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, options);
    const output = [];
    child.stdout?.on('data', (bytes) => {
      output.push(bytes);
      process.stdout.write(bytes);
    });
    const passOn = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, passOn);
    child.on('error', reject);
    child.on('close', (code) => {
      for (const signal of signals) process.off(signal, passOn);
      resolve({ exit_code: code ?? 1, stdout: Buffer.concat(output).toString() });
    });
  });
}
