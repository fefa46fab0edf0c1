/**
 * `stack.json` in the data folder: which process runs a stack on it, and where. Two stacks on one folder would
 * corrupt its databases, so the second finds this file and stops, or uses the first.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { errorCode, Failure } from '../failure.ts';
import { identify, isSameProcess } from './process-identity.ts';

export interface RunningStack {
  readonly pid: number;
  readonly started: string;
  /** `generate` ends its stack with its video; `dev` stays. */
  readonly purpose: 'dev' | 'generate' | 'test';
  /** Absent until the stack is ready. */
  readonly url?: string;
  readonly api_key?: string;
}

export interface StackLock {
  /** Publishes where the stack answers. */
  announce(url: string, api_key: string): void;
  /** Removes the file unless it is another stack's by now. */
  release(): void;
}

/** The stack that runs on this folder, or undefined. A file that a killed process left counts as none. */
export function findRunningStack(lock_file: string): RunningStack | undefined {
  const stack = readLock(lock_file);
  return stack && isSameProcess(stack) ? stack : undefined;
}

/** @throws Failure that says where the other stack answers */
export function requireNoRunningStack(lock_file: string): void {
  const running = findRunningStack(lock_file);
  if (running) throw new Failure(describeRunning(running));
}

/** @throws Failure that says where the other stack answers */
export function lockStack(lock_file: string, purpose: RunningStack['purpose']): StackLock {
  const self = identify(process.pid);
  if (!self) throw new Error('this process cannot be identified');
  const own: RunningStack = { ...self, purpose };
  const draft = writeDraft(lock_file, own);
  try {
    takeLock(draft, lock_file);
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    announce: (url, api_key) => renameSync(writeDraft(lock_file, { ...own, url, api_key }), lock_file),
    release() {
      const holder = readLock(lock_file);
      if (holder?.pid === own.pid && holder.started === own.started) rmSync(lock_file, { force: true });
    },
  };
}

/**
 * Removes the lock of a stack that has ended. It is moved away first and looked at there: since the caller found it
 * stale, a faster one may have put its own in its place, and that one goes back.
 */
export function removeStaleLock(lock_file: string): void {
  const aside = `${lock_file}.${randomUUID()}`;
  try {
    renameSync(lock_file, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  try {
    if (findRunningStack(aside)) linkSync(aside, lock_file);
  } catch (error) {
    // A third has taken the place: the next look finds it.
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Under another name, then moved: whoever reads the lock finds all of it. */
function writeDraft(lock_file: string, stack: RunningStack): string {
  const draft = `${lock_file}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(stack), { mode: 0o600 });
  return draft;
}

/** A link to a written file appears whole or not at all, and only one of two can make it. */
function takeLock(draft: string, lock_file: string): void {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      linkSync(draft, lock_file);
      return;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      requireNoRunningStack(lock_file);
      removeStaleLock(lock_file);
    }
  }
  throw new Failure(`Another stack is just starting on this data folder (${lock_file}). Try again in a moment.`);
}

function readLock(lock_file: string): RunningStack | undefined {
  try {
    return JSON.parse(readFileSync(lock_file, 'utf8')) as RunningStack;
  } catch (error) {
    if (errorCode(error) === 'EACCES') throw new Failure(`${lock_file} may not be read.`, { cause: error });
    // None, or not one of ours.
    return undefined;
  }
}

function describeRunning({ pid, url, purpose }: RunningStack): string {
  if (purpose === 'generate') {
    return `A video is being made on this data folder (process ${pid}). Start again when it is finished, or choose another with --data-dir.`;
  }
  return url
    ? `Already running at ${url} (process ${pid}). End that one first, or choose another data folder with --data-dir.`
    : `Already starting (process ${pid}). Wait for it, or choose another data folder with --data-dir.`;
}
