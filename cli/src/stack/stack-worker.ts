/** A worker's place in a stack: the process in it may die and be replaced, with growing pauses. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '@everframe/shared';
import type { LogLine } from './log-line.ts';
import { describeExit, startWorkerProcess, type WorkerProcess, type WorkerReady } from './worker-process.ts';

export interface StackWorker {
  /** Of the process that is there now; undefined when it has ended. */
  readonly pid: number | undefined;
  readonly ready: Promise<WorkerReady>;
  kill(signal: NodeJS.Signals): void;
}

export interface WorkerPlace extends StackWorker {
  stop(): Promise<void>;
}

export interface WorkerPlaceOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly onLog: (line: LogLine) => void;
  /** Replace a process that dies after it was ready. */
  readonly keep_alive: boolean;
  readonly say: (line: string) => void;
  /** A replacement failed before it was ready; the next try comes after a pause. */
  readonly onGone: (error: Error) => void;
}

const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 30_000;
/** A process that lived this long begins with the first pause again. */
const STEADY_MS = 60_000;

export function openWorkerPlace(options: WorkerPlaceOptions): WorkerPlace {
  const stopped = new AbortController();
  let pause_ms = FIRST_PAUSE_MS;
  let was_ready = false;
  let worker = start();
  void worker.ready.then(
    () => {
      was_ready = true;
    },
    // Whoever opened the place awaits `ready` and is told.
    () => undefined,
  );

  function start(): WorkerProcess {
    const began_at_ms = Date.now();
    const process = startWorkerProcess(options.env, options.onLog);
    if (options.keep_alive) void watch(process, began_at_ms);
    return process;
  }

  async function watch(process: WorkerProcess, began_at_ms: number): Promise<void> {
    const exit = await process.exited;
    // The first that does not even start would fail again.
    if (stopped.signal.aborted || process !== worker || !was_ready) return;
    if (Date.now() - began_at_ms > STEADY_MS) pause_ms = FIRST_PAUSE_MS;
    options.say(`The worker (process ${process.pid}) died: ${describeExit(exit)}. Starting another in ${pause_ms / 1000} s.`);
    await sleep(pause_ms, undefined, { signal: stopped.signal }).catch(() => undefined);
    if (stopped.signal.aborted || process !== worker) return;
    pause_ms = Math.min(LAST_PAUSE_MS, pause_ms * 2);
    worker = start();
    worker.ready.then(
      () => options.say(`The worker is back (process ${worker.pid}).`),
      (error: Error) => {
        options.say(describeError(error));
        options.onGone(error);
      },
    );
  }

  return {
    get pid() {
      return worker.has_ended ? undefined : worker.pid;
    },
    get ready() {
      return worker.ready;
    },
    kill: (signal) => worker.kill(signal),
    async stop() {
      stopped.abort();
      await worker.stop();
    },
  };
}
