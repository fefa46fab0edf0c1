/**
 * One GPU worker as a child process: started, listened to, stopped. The worker says over IPC when it is ready, logs
 * JSON lines on standard error, and ends by itself when this process is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_FLAGS } from '@everframe/gpu-worker/node-flags';
import { Failure } from '../failure.ts';
import { REPOSITORY } from '../repository.ts';
import { type LogLine, parseWorkerLine } from './log-line.ts';

export interface WorkerReady {
  readonly provider: string;
  readonly encoder: string;
  readonly models: readonly string[];
}

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WorkerProcess {
  readonly pid: number;
  readonly has_ended: boolean;
  /** Rejects with the worker's last error when it ends before it is ready. */
  readonly ready: Promise<WorkerReady>;
  readonly exited: Promise<WorkerExit>;
  kill(signal: NodeJS.Signals): void;
  /** Lets it finish its chunk and release its video; kills it after ten seconds. */
  stop(): Promise<WorkerExit>;
}

const STOP_PATIENCE_MS = 10_000;
const LAST_WORDS_MS = 500;

export function startWorkerProcess(env: Readonly<Record<string, string>>, onLog: (line: LogLine) => void): WorkerProcess {
  const child = spawn(process.execPath, [...NODE_FLAGS, join(REPOSITORY, 'gpu-worker/src/main.ts')], {
    cwd: REPOSITORY,
    env: { ...process.env, ...env },
    // Its standard output is nobody's: ours may carry a line of JSON.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A Ctrl-C in the terminal is for us; the worker is asked to stop.
    detached: process.platform !== 'win32',
  });
  // Before anything can throw: an error event that nobody listens to ends this process.
  const failed = new Promise<Error>((resolve) => child.on('error', resolve));
  const { pid } = child;
  if (pid === undefined) throw new Failure('The worker could not be started: no process could be made.');
  let last_error: string | undefined;
  readLog(child, (line) => {
    if (line.level === 'error') last_error = line.message;
    // A crash of the runtime itself is told in plain text.
    else if (last_error === undefined && /^(\w*Error\b|FATAL)/.test(line.message)) last_error = line.message;
    onLog(line);
  });
  const exited = new Promise<WorkerExit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  // Its last words come after its end; a child of its own may keep the pipe open.
  const silent = Promise.race([once(child, 'close'), exited.then(() => sleep(LAST_WORDS_MS, undefined, { ref: false }))]);
  const ready = new Promise<WorkerReady>((resolve, reject) => {
    child.on('message', (message) => {
      if (isReady(message)) resolve(message);
    });
    void failed.then((error) => reject(new Failure(`The worker could not be started: ${error.message}`, { cause: error })));
    void silent.then(async () => {
      const how = describeExit(await exited);
      reject(new Failure(last_error === undefined ? `The worker ended before it was ready (${how}).` : `The worker: ${last_error}`));
    });
  });
  // Whoever needs it awaits it; a worker that is stopped while starting is no fault.
  ready.catch(() => undefined);
  return {
    pid,
    get has_ended() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    ready,
    exited,
    kill: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => killGroup(child, pid), STOP_PATIENCE_MS);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
  };
}

/** The worker and what it started: a hung network must not outlive it. */
function killGroup(child: ChildProcess, pid: number): void {
  try {
    if (process.platform !== 'win32') process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has just ended.
  }
  child.kill('SIGKILL');
}

export function describeExit({ code, signal }: WorkerExit): string {
  return code === null ? `signal ${signal}` : `exit code ${code}`;
}

function readLog(child: ChildProcess, onLine: (line: LogLine) => void): void {
  if (!child.stderr) return;
  createInterface({ input: child.stderr }).on('line', (text) => {
    if (text.trim() !== '') onLine(parseWorkerLine(text));
  });
}

function isReady(message: unknown): message is WorkerReady & { type: 'ready' } {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready';
}
