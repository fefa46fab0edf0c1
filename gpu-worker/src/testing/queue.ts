/** For tests: an SQS server on loopback with one queue, and what lies in it. */
import { Server } from 'node:net';
import { SQSClient } from '@aws-sdk/client-sqs';

export interface TestQueue {
  readonly client: SQSClient;
  readonly url: string;
  readonly send: (body: string) => void;
  /** Bodies of the messages that wait, and of those that somebody has received and not deleted. */
  readonly content: () => { waiting: string[]; received: string[] };
  readonly empty: () => void;
  readonly close: () => Promise<void>;
}

export async function startQueue(): Promise<TestQueue> {
  bindToLoopback();
  const { startFauxqs } = await import('fauxqs');
  const server = await startFauxqs({ port: 0, logger: false });
  const { queueUrl: url } = server.createQueue('jobs');
  const client = clientOf(`http://127.0.0.1:${server.port}`);
  return {
    client,
    url,
    send: (body) => void server.sendMessage('jobs', body),
    content: () => {
      const { ready = [], inflight = [] } = server.inspectQueue('jobs')?.messages ?? {};
      return { waiting: ready.map(({ body }) => body), received: inflight.map(({ message }) => message.body) };
    },
    empty: () => server.reset(),
    close: async () => {
      client.destroy();
      await server.stop();
    },
  };
}

/** Asks once: how often the client library repeats a request is not what is tested. */
export function clientOf(endpoint: string): SQSClient {
  return new SQSClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 });
}

/** fauxqs listens on every interface and cannot be told otherwise. */
function bindToLoopback(): void {
  const listen = Server.prototype.listen as (this: Server, ...args: unknown[]) => Server;
  Server.prototype.listen = function (this: Server, options: unknown, ...rest: unknown[]): Server {
    const local = typeof options === 'object' && options !== null && 'host' in options ? { ...options, host: '127.0.0.1' } : options;
    return listen.call(this, local, ...rest);
  } as typeof Server.prototype.listen;
}
