/**
 * The queues themselves: fauxqs in this process, on loopback and stored on disk. It checks no signatures and takes
 * messages for clients that have gone, so nobody but `sqs-server.ts` talks to it.
 */
import { Server } from 'node:net';

export interface QueueBackend {
  readonly url: string;
  /** Makes a queue unless it is there. */
  createQueue(name: string, attributes: Record<string, string>): void;
  stop(): Promise<void>;
}

export async function startBackend(folder: string): Promise<QueueBackend> {
  const server = await onLoopback(async () => {
    const { startFauxqs } = await import('fauxqs');
    return startFauxqs({ port: 0, logger: false, dataDir: folder });
  });
  return {
    url: `http://127.0.0.1:${server.port}/`,
    createQueue(name, attributes) {
      server.setup({ queues: [{ name, attributes }] });
    },
    stop: () => server.stop(),
  };
}

/** fauxqs binds to every interface and has no option for it. */
async function onLoopback<T>(start: () => Promise<T>): Promise<T> {
  const listen = Server.prototype.listen;
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    const [options, ...rest] = args;
    const local = isOpenToAll(options) ? { ...options, host: '127.0.0.1' } : options;
    return Reflect.apply(listen, this, [local, ...rest]);
  } as typeof listen;
  try {
    return await start();
  } finally {
    Server.prototype.listen = listen;
  }
}

function isOpenToAll(options: unknown): options is { host: string } {
  return typeof options === 'object' && options !== null && 'host' in options && options.host === '0.0.0.0';
}
