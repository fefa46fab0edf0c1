/**
 * One inference child as its parent sees it: calls and replies, a watchdog on each call, and an end that every call
 * in flight hears of. Knows nothing of what is asked; a new child is another link.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Call, Calls, Reply } from './inference-messages.ts';
import { NODE_FLAGS } from './node-flags.ts';

/** Inference that failed. `retryable`: another try, in a new child or elsewhere, may succeed where this one did not. */
export class InferenceError extends Error {
  override readonly name = 'InferenceError';
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, options?: { cause?: unknown }) {
    super(message, options);
    this.retryable = retryable;
  }
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly watchdog: NodeJS.Timeout;
}

const CLOSE_GRACE_MS = 5_000;

export class InferenceLink {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<void>;
  #death: InferenceError | undefined;
  #next_id = 1;

  constructor() {
    this.#child = fork(new URL('./inference-child.ts', import.meta.url), {
      serialization: 'advanced',
      execArgv: [...NODE_FLAGS],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (reply: Reply) => this.#settle(reply));
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#die(new InferenceError(`the inference process ended with ${signal ? `signal ${signal}` : `code ${code}`}`, true));
        resolve();
      });
      this.#child.once('error', (cause) => {
        this.#die(new InferenceError(`the inference process cannot be started or reached: ${cause.message}`, true, { cause }));
        if (this.#child.pid === undefined) resolve();
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** False once the child has ended or is about to. */
  get alive(): boolean {
    return this.#death === undefined;
  }

  /** @param timeout_ms no reply within it kills the child, and fails every call in flight */
  call<Name extends keyof Calls>(name: Name, args: Calls[Name]['args'], timeout_ms: number): Promise<Calls[Name]['result']> {
    const id = this.#next_id++;
    return new Promise((resolve, reject) => {
      if (this.#death) return reject(this.#death);
      const watchdog = setTimeout(() => {
        this.kill(new InferenceError(`the inference process did not answer '${name}' within ${timeout_ms} ms and was killed`, true));
      }, timeout_ms);
      // The child replies to each call with that call's result.
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject, watchdog });
      this.#child.send({ id, call: name, ...args } as Call, (cause) => {
        if (cause) this.kill(new InferenceError(`the inference process cannot be reached: ${cause.message}`, true, { cause }));
      });
    });
  }

  /** Ends the child at once, whatever it is doing. */
  kill(reason: InferenceError): void {
    this.#die(reason);
    this.#child.kill('SIGKILL');
  }

  /** Lets the child go, and waits until it is gone. Safe to repeat. */
  async close(): Promise<void> {
    this.#die(new InferenceError('the inference process was closed', true));
    if (this.#child.connected) this.#child.disconnect();
    const grace = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_GRACE_MS);
    await this.#ended;
    clearTimeout(grace);
  }

  /** The first reason is the one that counts. */
  #die(reason: InferenceError): void {
    this.#death ??= reason;
    for (const { reject, watchdog } of this.#pending.values()) {
      clearTimeout(watchdog);
      reject(this.#death);
    }
    this.#pending.clear();
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    this.#pending.delete(reply.id);
    clearTimeout(pending.watchdog);
    if ('error' in reply) pending.reject(new InferenceError(reply.error.message, reply.error.retryable));
    else pending.resolve(reply.result);
  }
}
