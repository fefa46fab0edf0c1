/**
 * The whole service on one machine: secrets, queue, edge, account, workers, started in that order and stopped in the
 * reverse. The same programs and protocols as in production; only the addresses are local.
 */
import { openDevelopmentChain, rootCertificatePath } from '@everframe/gpu-worker/development-chain';
import { createApiKey, describeError } from '@everframe/shared';
import { errorCode } from '../failure.ts';
import { PACKAGES_DIR } from '../repository.ts';
import { accountIdOf, addAccount, type Database, ensureDevelopmentAccount } from './account.ts';
import { type DataDir, openDataDir } from './data-dir.ts';
import { diskFull, watchDisk } from './disk-watch.ts';
import { type EdgeRuntime, startEdge } from './edge-runtime.ts';
import { isLoopback, LOOPBACK } from './host.ts';
import type { LogLine } from './log-line.ts';
import { type LocalSecrets, openSecrets } from './secrets.ts';
import type { QueueFaults } from './sqs-faults.ts';
import { type SqsServer, startSqsServer } from './sqs-server.ts';
import type { AwsCredentials } from './sqs-signature.ts';
import type { RunningStack } from './stack-lock.ts';
import { lockStack } from './stack-lock.ts';
import { openWorkerPlace, type StackWorker, type WorkerPlace } from './stack-worker.ts';
import { undoAll } from './undo-all.ts';
import { endStaleWorkerd } from './workerd-record.ts';

export { PACKAGES_DIR } from '../repository.ts';
export type { StackWorker } from './stack-worker.ts';

export interface StackOptions {
  /** Address that the edge's port is opened on. Queue and all else stay on loopback. @default '127.0.0.1' */
  readonly host?: string;
  /** Called once nothing of an earlier start holds a port any more. 0 takes a free one. @default 0 */
  readonly choosePort?: () => Promise<number>;
  readonly data_dir: string;
  /** @default 1 */
  readonly workers?: number;
  /** Over the environment that workers get. */
  readonly worker_env?: Readonly<Record<string, string>>;
  /** Over the edge's variables, for example LEASE_SECONDS. */
  readonly edge_vars?: Readonly<Record<string, string>>;
  /** Roots of signers that are known by name. @default none */
  readonly trust_list_pem?: string;
  /** Another Worker in the edge's place, on the same bindings. @default `main` of wrangler.toml */
  readonly edge_entry?: string;
  /** Replace workers that die. @default false */
  readonly keep_workers_alive?: boolean;
  /** Seconds until a message that was received and not deleted comes again. @default 30 */
  readonly visibility_timeout_seconds?: number;
  /** @default 'test' */
  readonly purpose?: RunningStack['purpose'];
  /** Aborting gives up the start; a stack that runs is ended by `stop`. */
  readonly signal?: AbortSignal;
  /** What happens to the stack itself, in sentences. */
  readonly log?: (line: string) => void;
  /** The stack can make no more videos: the disk is full, or a worker died and could not be replaced. */
  readonly onFailure?: (error: Error) => void;
  /** Every line of every worker's log. */
  readonly onWorkerLog?: (line: LogLine) => void;
  /** Every line of the edge's log. */
  readonly onEdgeLog?: (line: LogLine) => void;
  /** Which part is being started, in a word or two. */
  readonly onStep?: (part: string) => void;
}

export interface Stack {
  readonly url: string;
  readonly api_key: string;
  readonly queue: { readonly url: string; readonly endpoint: string; readonly dead_letter_url: string; readonly faults: QueueFaults };
  readonly credentials: AwsCredentials;
  readonly region: string;
  readonly worker_token: string;
  readonly data_dir: string;
  /** Root certificate of its signer, once a worker has been ready. */
  readonly root_certificate_path: string;
  readonly workers: readonly StackWorker[];
  /** Starts one more worker; resolves when it is ready. */
  startWorker(env?: Readonly<Record<string, string>>): Promise<StackWorker>;
  /** Makes one more account. Resolves to its API key. */
  createAccount(name: string): Promise<string>;
  /** The edge's database, for those who look behind the API. */
  readonly db: Database;
  /** Runs the edge's cron handler once. */
  runCron(): Promise<void>;
  /** Ends everything. May be repeated. */
  stop(): Promise<void>;
}

const REGION = 'us-east-1';

/** @throws Failure in one sentence where the machine or the data folder is not fit; nothing is left running then */
export async function startStack(options: StackOptions): Promise<Stack> {
  const {
    log = () => undefined,
    onFailure = () => undefined,
    onStep = () => undefined,
    onEdgeLog = () => undefined,
    host = LOOPBACK,
  } = options;
  const data = await openDataDir(options.data_dir);
  const disk = watchDisk(data.path, onFailure);
  const undo: (() => unknown)[] = [];
  const stop = once(() => undoAll(undo));
  try {
    const lock = lockStack(data.lock_file, options.purpose ?? 'test');
    undo.push(() => lock.release());
    for (const pid of await endStaleWorkerd(data.workerd_file)) log(`Ended a workerd that an earlier start left running (process ${pid}).`);
    const port = (await options.choosePort?.()) ?? 0;
    const secrets = await openSecrets(data.secrets_file);
    const credentials = { access_key_id: secrets.aws_access_key_id, secret_access_key: secrets.aws_secret_access_key };

    onStep('the queue');
    const queue = await startSqsServer({
      folder: data.queue,
      credentials,
      ...(options.visibility_timeout_seconds !== undefined && { visibility_timeout_seconds: options.visibility_timeout_seconds }),
    });
    undo.push(() => queue.stop());
    options.signal?.throwIfAborted();

    const vars = { ...edgeVars(secrets, queue, host), ...options.edge_vars };
    onStep('the edge');
    const edge = await startEdge({
      host,
      port,
      entry: options.edge_entry,
      data,
      vars,
      log: (line) => disk.passes(`${line.message} ${line.error ?? ''}`) && onEdgeLog(line),
    });
    undo.push(() => edge.stop());
    onStep('the signer');
    const { trust_anchors_pem } = await openDevelopmentChain(data.signer);
    await edge.trust({ own_roots_pem: trust_anchors_pem, trust_list_pem: options.trust_list_pem ?? '' });
    await ensureDevelopmentAccount(edge.db, secrets);
    options.signal?.throwIfAborted();

    const workers: WorkerPlace[] = [];
    undo.push(() => Promise.all(workers.map((worker) => worker.stop())));
    const startWorker = async (env: Readonly<Record<string, string>> = {}) => {
      const worker = openWorkerPlace({
        env: { ...workerEnv(secrets, queue, edge, data), ...options.worker_env, ...env },
        keep_alive: options.keep_workers_alive ?? false,
        onLog: options.onWorkerLog ?? (() => undefined),
        say: log,
        onGone: onFailure,
      });
      workers.push(worker);
      await orAbort(worker.ready, options.signal);
      return worker;
    };
    onStep('the worker and its model');
    await Promise.all(Array.from({ length: options.workers ?? 1 }, () => startWorker()));
    lock.announce(edge.url, secrets.api_key);

    return {
      url: edge.url,
      api_key: secrets.api_key,
      queue: { url: queue.queue_url, endpoint: queue.endpoint, dead_letter_url: queue.dead_letter_url, faults: queue.faults },
      credentials,
      region: REGION,
      worker_token: secrets.worker_token,
      data_dir: data.path,
      root_certificate_path: rootCertificatePath(data.signer),
      workers,
      startWorker,
      async createAccount(name) {
        const key = createApiKey();
        await addAccount(edge.db, { id: accountIdOf(key), name }, key, secrets.key_pepper);
        return key.text;
      },
      db: edge.db,
      runCron: () => edge.runCron(),
      stop,
    };
  } catch (error) {
    // Why it did not start matters more than what could not be ended then.
    await stop().catch((left: unknown) => log(describeError(left)));
    if (disk.is_full || errorCode(error) === 'ENOSPC') throw diskFull(data.path, error);
    throw error;
  }
}

function edgeVars(secrets: LocalSecrets, queue: SqsServer, host: string): Record<string, string> {
  return {
    AWS_REGION: REGION,
    SQS_QUEUE_URL: queue.queue_url,
    SQS_ENDPOINT: queue.endpoint,
    AWS_ACCESS_KEY_ID: secrets.aws_access_key_id,
    AWS_SECRET_ACCESS_KEY: secrets.aws_secret_access_key,
    WORKER_TOKEN: secrets.worker_token,
    TICKET_SECRET: secrets.ticket_secret,
    KEY_PEPPER: secrets.key_pepper,
    DEVELOPMENT_ROOT: 'allow',
    // Others who reach the edge must not reach through it what else runs here.
    ...(isLoopback(host) && { OUTBOUND_LOOPBACK: 'allow', DNS_RESOLVER_URL: '' }),
  };
}

function workerEnv(secrets: LocalSecrets, queue: SqsServer, edge: EdgeRuntime, data: DataDir): Record<string, string> {
  return {
    EVERFRAME_EDGE_URL: edge.url,
    EVERFRAME_WORKER_TOKEN: secrets.worker_token,
    SQS_QUEUE_URL: queue.queue_url,
    SQS_ENDPOINT: queue.endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: secrets.aws_access_key_id,
    AWS_SECRET_ACCESS_KEY: secrets.aws_secret_access_key,
    EVERFRAME_PACKAGES_DIR: PACKAGES_DIR,
    EVERFRAME_SCRATCH_DIR: data.scratch,
    EVERFRAME_SIGNER_DIR: data.signer,
  };
}

function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  const aborting = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([promise, aborting]);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}
