/**
 * Generation as the worker uses it: packages verified, a child that owns the networks, chunks on demand. A child that
 * hangs is killed and one that died is replaced at the next call, so that one bad video never stops the worker.
 */
import type { GenerationCommand, LivePrompt, ModelPackage } from '@everframe/shared';
import type { Beginning } from './generation/begin-video.ts';
import type { SteerAnswer } from './generation/timeline.ts';
import { InferenceError, InferenceLink } from './inference-link.ts';
import type { GeneratedChunk, Thumbnail } from './inference-messages.ts';
import { readPackages } from './model/model-config.ts';
import type { Provider } from './model/session.ts';

export type { Beginning } from './generation/begin-video.ts';
export { InferenceError } from './inference-link.ts';
export type { GeneratedChunk, Thumbnail } from './inference-messages.ts';

export interface InferenceOptions {
  /** Holds one folder for each package. */
  readonly packages_dir: string;
  readonly provider: Provider;
  /** Threads inside one network. */
  readonly threads: number;
  /** How long a chunk may take before the child is killed. @default 120000 */
  readonly chunk_timeout_ms?: number;
}

export interface InferenceProcess {
  /** By model name. */
  readonly packages: ReadonlyMap<string, ModelPackage>;
  readonly provider: string;
  /**
   * Chunks from where the video begins. At most one is made ahead of the consumer.
   * An abort takes effect between two steps and is thrown as the signal's reason; other failures as InferenceError.
   */
  generate(command: GenerationCommand, beginning: Beginning, signal: AbortSignal): VideoStream;
  /** The anchor frame of a checkpoint. */
  thumbnail(checkpoint: Uint8Array): Promise<Thumbnail>;
  /** Ends the child; calls in flight reject. Safe to repeat. */
  close(): Promise<void>;
  /** Of the child that runs now; undefined between two of them. */
  readonly pid: number | undefined;
}

/** A video in hand: until its last chunk it can be led elsewhere. One that was steered must be iterated, if only to end it. */
export interface VideoStream extends AsyncGenerator<GeneratedChunk> {
  /** Accepted or refused at once; what is accepted must be stored with the next commit, or a resumed video would differ. */
  steer(prompt: LivePrompt): Promise<SteerAnswer>;
  /** Ends the video behind what is made of it. @returns the frames that it will have, to be stored likewise */
  stop(): Promise<number>;
}

const CHUNK_TIMEOUT_MS = 120_000;
/** Reading all networks of all packages, from a cold disk or onto a GPU, may take far longer than a chunk. */
const LOAD_TIMEOUT_MS = 600_000;
/** How long an aborted chunk may run on before its child is killed. */
const ABORT_GRACE_MS = 5_000;

/** @throws PackageError or InferenceError naming the file and what is wrong with it */
export async function startInference(options: InferenceOptions): Promise<InferenceProcess> {
  const { packages_dir, provider, threads, chunk_timeout_ms = CHUNK_TIMEOUT_MS } = options;
  const installed = await readPackages(packages_dir);
  const packages = new Map([...installed].map(([name, { model }]) => [name, model]));
  const load = { packages: [...installed.values()], options: { provider, threads } };
  let starting: Promise<InferenceLink> | undefined;
  let running: InferenceLink | undefined;
  let next_stream = 1;
  let closed = false;

  /** The child at hand, or a new one. Calls that come while it starts share it. */
  async function connect(): Promise<InferenceLink> {
    if (closed) throw new InferenceError('inference was closed', true);
    if (starting) return starting;
    if (running?.alive) return running;
    starting = start().finally(() => {
      starting = undefined;
    });
    return starting;
  }

  async function start(): Promise<InferenceLink> {
    const link = new InferenceLink();
    running = link;
    try {
      await link.call('load', load, LOAD_TIMEOUT_MS);
    } catch (error) {
      await link.close();
      throw error;
    }
    return link;
  }

  await connect();
  return {
    packages,
    provider,
    generate(command, beginning, signal) {
      const stream = next_stream++;
      let opening: Promise<InferenceLink> | undefined;
      let ended = false;
      const open = (): Promise<InferenceLink> => {
        opening ??= connect().then(async (link) => {
          await link.call('open', { stream, command, beginning }, chunk_timeout_ms);
          return link;
        });
        return opening;
      };
      const inHand = (): Promise<InferenceLink> => {
        if (ended) throw new InferenceError('the video is not in hand any more: it can be led until its last chunk', true);
        return open();
      };
      return Object.assign(chunks(), {
        steer: async (prompt: LivePrompt) => (await inHand()).call('steer', { stream, prompt }, chunk_timeout_ms),
        stop: async () => (await inHand()).call('stop', { stream }, chunk_timeout_ms),
      });

      async function* chunks(): AsyncGenerator<GeneratedChunk> {
        try {
          signal.throwIfAborted();
          const link = await open();
          for (;;) {
            const chunk = await untilAborted(link.call('next', { stream }, chunk_timeout_ms), signal);
            if (!chunk) return;
            yield chunk;
          }
        } finally {
          ended = true;
          // A child that is gone, or is killed because it does not answer, has no stream left to close.
          await opening?.then((link) => link.call('close', { stream }, ABORT_GRACE_MS)).catch(() => undefined);
        }
      }
    },
    async thumbnail(checkpoint) {
      const link = await connect();
      return link.call('thumbnail', { checkpoint }, chunk_timeout_ms);
    },
    async close() {
      closed = true;
      await running?.close();
    },
    get pid() {
      return running?.alive ? running.pid : undefined;
    },
  };
}

/** The result, or the signal's reason as soon as it aborts. */
async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    // After an abort nobody waits for the work any more.
    work.catch(() => undefined);
    aborted.catch(() => undefined);
  }
}
