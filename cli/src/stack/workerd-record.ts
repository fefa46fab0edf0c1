/**
 * Remembers the workerd process of a stack in the data folder. A launcher that is killed outright leaves workerd
 * running, holding the port and the databases; the next start ends it, after checking that it still is that process.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, commandLine, identify, isSameProcess, type ProcessIdentity } from './process-identity.ts';

const PATIENCE_MS = 5000;

/** Writes down the workerd processes that this process has started. */
export function recordWorkerd(file: string): void {
  const own = childrenOf(process.pid).filter((pid) => commandLine(pid)?.includes('workerd'));
  const identities = own.map(identify).filter((identity) => identity !== undefined);
  writeFileSync(file, JSON.stringify(identities));
}

export function forgetWorkerd(file: string): void {
  rmSync(file, { force: true });
}

/** @returns ids of the processes that were ended */
export async function endStaleWorkerd(file: string): Promise<number[]> {
  const stale = readRecord(file).filter((identity) => isSameProcess(identity) && commandLine(identity.pid)?.includes('workerd'));
  for (const { pid } of stale) process.kill(pid, 'SIGKILL');
  const deadline_ms = Date.now() + PATIENCE_MS;
  while (stale.some(isSameProcess) && Date.now() < deadline_ms) await sleep(20);
  forgetWorkerd(file);
  return stale.map(({ pid }) => pid);
}

function readRecord(file: string): ProcessIdentity[] {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    // None, or half a file: then there is nothing to go by.
    return [];
  }
}
