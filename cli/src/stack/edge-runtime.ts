/**
 * The edge in workerd, set up from wrangler.toml with local stores. Requests go straight to the Worker's own socket;
 * nothing reaches beyond this machine. Knows nothing of the queue or of workers but the variables it is given.
 */
import { join } from 'node:path';
import { ownRootsKey, trustListKey } from '@everframe/shared';
import type { TrustRoots } from '@everframe/shared/verification';
import { buildVerifyPage } from '@everframe/verify-page/build';
import type { Miniflare as MiniflareInstance } from 'miniflare';
import { errorCode, Failure } from '../failure.ts';
import { REPOSITORY } from '../repository.ts';
import type { Database } from './account.ts';
import type { DataDir } from './data-dir.ts';
import { bundleEdge } from './edge-bundle.ts';
import { localUrl } from './host.ts';
import { type LogLine, parseEdgeLine } from './log-line.ts';
import { forgetWorkerd, recordWorkerd } from './workerd-record.ts';

export interface EdgeRuntime {
  /** As this machine reaches it. */
  readonly url: string;
  readonly db: Database;
  /** Sets whose files count as made here, and whom else it knows by name. */
  trust(roots: TrustRoots): Promise<void>;
  /** Runs the cron handler once, as each minute does by itself. */
  runCron(): Promise<void>;
  stop(): Promise<void>;
}

export interface EdgeOptions {
  /** Address that its port is opened on. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The Worker's main file. @default `main` of wrangler.toml */
  readonly entry: string | undefined;
  readonly data: DataDir;
  /** Variables and secrets, over those of wrangler.toml. */
  readonly vars: Readonly<Record<string, string>>;
  readonly log: (line: LogLine) => void;
}

const CRON_INTERVAL_MS = 60_000;
const NAME = 'everframe';

export async function startEdge({ host, port, entry, data, vars, log }: EdgeOptions): Promise<EdgeRuntime> {
  keepWranglerQuiet(data);
  const restoreSignals = keepSignalHandlers();
  // Imported here, since both read the environment when they are loaded.
  const [{ unstable_getMiniflareWorkerOptions }, { convertV4MiniflareOptions, Log, LogLevel, Miniflare }] = await Promise.all([
    import('wrangler'),
    import('miniflare'),
  ]);
  await buildVerifyPage();
  const { workerOptions, main } = unstable_getMiniflareWorkerOptions(join(REPOSITORY, 'wrangler.toml'));
  const modules = await bundleEdge(entry ?? main ?? join(REPOSITORY, 'edge/src/index.ts'));
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      // Its own socket, which leads past the Worker, stays on this machine.
      host: '127.0.0.1',
      port: 0,
      cf: false,
      log: new Log(LogLevel.NONE),
      logRequests: false,
      telemetry: { enabled: false },
      handleStructuredLogs: ({ level, message }) => log(parseEdgeLine(level, message)),
      resourcePersistencePath: data.edge,
      workers: [
        {
          ...workerOptions,
          name: NAME,
          bindings: { ...(workerOptions.bindings as Record<string, string>), ...vars },
          unsafeDirectSockets: [{ host, port }],
          modules,
        },
      ],
    }),
  );
  try {
    await runtime.ready;
    recordWorkerd(data.workerd_file);
    const { applyMigrations } = await import('./migrations.ts');
    const db = await runtime.getD1Database('DB');
    await applyMigrations(db, join(REPOSITORY, 'edge/migrations'));
    const url = await runtime.unsafeGetDirectURL(NAME);
    restoreSignals();
    const stopCron = startCron(runtime, log);
    return {
      url: localUrl(host, url.port),
      db,
      async trust({ own_roots_pem, trust_list_pem }) {
        const media = await runtime.getR2Bucket('MEDIA');
        await media.put(ownRootsKey(), own_roots_pem);
        if (trust_list_pem === '') await media.delete(trustListKey());
        else await media.put(trustListKey(), trust_list_pem);
      },
      runCron: () => runCron(runtime),
      async stop() {
        await stopCron();
        await runtime.dispose();
        forgetWorkerd(data.workerd_file);
      },
    };
  } catch (error) {
    restoreSignals();
    await runtime.dispose().catch(() => undefined);
    if (errorCode(error) === 'ERR_RUNTIME_FAILURE') {
      throw new Failure('The edge could not start: workerd stopped at once. Its port may have been taken, or the disk be full.', {
        cause: error,
      });
    }
    throw error;
  }
}

/** No metrics, no look-ups, no files in the home folder. */
function keepWranglerQuiet(data: DataDir): void {
  process.env.WRANGLER_LOG_PATH = data.logs;
  process.env.WRANGLER_SEND_METRICS = 'false';
  process.env.WRANGLER_SEND_ERROR_REPORTS = 'false';
  process.env.WRANGLER_HIDE_BANNER = 'true';
  process.env.CLOUDFLARE_CF_FETCH_ENABLED = 'false';
}

/** Miniflare and wrangler end the process on a signal, before anything could be put in order: their handlers are taken off. */
function keepSignalHandlers(): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const before = new Map(signals.map((signal) => [signal, process.listeners(signal)]));
  return () => {
    for (const signal of signals) {
      for (const listener of process.listeners(signal)) {
        if (!before.get(signal)?.includes(listener)) process.off(signal, listener);
      }
    }
  };
}

/** Miniflare does not fire `[triggers]` by itself. */
function startCron(runtime: MiniflareInstance, log: EdgeOptions['log']): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = runCron(runtime).catch((error: unknown) => log({ level: 'error', message: 'the cron did not run', error: String(error) }));
  }, CRON_INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    return running;
  };
}

async function runCron(runtime: MiniflareInstance): Promise<void> {
  const worker = await runtime.getWorker(NAME);
  await worker.scheduled({ cron: '* * * * *' });
}
