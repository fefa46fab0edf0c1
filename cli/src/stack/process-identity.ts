/**
 * Tells a process from a later one that was given the same id: by when it started. Knows nothing of what it does.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process, different for another with its id. */
  readonly started: string;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The identity of a running process; undefined when there is none. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!isAlive(pid)) return undefined;
  const started = process.platform === 'linux' ? linuxStart(pid) : psColumn(pid, 'lstart');
  return started === undefined ? undefined : { pid, started };
}

/** True while the very process that was identified runs. */
export function isSameProcess({ pid, started }: ProcessIdentity): boolean {
  return identify(pid)?.started === started;
}

/** The program and arguments of a process, or undefined. */
export function commandLine(pid: number): string | undefined {
  if (process.platform !== 'linux') return psColumn(pid, 'command');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return undefined;
  }
}

/** Ids of the processes that `pid` started. */
export function childrenOf(pid: number): number[] {
  if (process.platform === 'win32') return [];
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    } catch {
      // A kernel without this file: ask ps.
    }
  }
  const lines = run('ps', ['-A', '-o', 'pid=,ppid=']) ?? '';
  return lines
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => (child !== undefined && parent === pid ? [child] : []));
}

/** Boot and clock ticks since then (proc(5), stat, field 22). A zombie has ended. */
function linuxStart(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${boot} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

function psColumn(pid: number, column: string): string | undefined {
  // Windows has no ps: the id alone must do.
  if (process.platform === 'win32') return 'running';
  return run('ps', ['-p', String(pid), '-o', `${column}=`])?.trim() || undefined;
}

function run(program: string, args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
