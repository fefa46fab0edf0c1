/** For tests: an SQS server on loopback behind a front that can be down, and what has arrived in its queue. */
import { createServer } from 'node:http';
import { type AddressInfo, Server } from 'node:net';
import { JobMessage } from '@everframe/shared';

export interface TestQueue {
  readonly endpoint: string;
  readonly url: string;
  /** While true, every request is answered 500. */
  down: boolean;
  /** Requests answered 500. */
  readonly refused: () => number;
  /** The messages about a video, once there are `count`. */
  readonly messages: (video_id: string, count: number) => Promise<JobMessage[]>;
  /** Every message that ever arrived. */
  readonly all: () => JobMessage[];
  readonly close: () => Promise<void>;
}

export async function startQueue(): Promise<TestQueue> {
  const sqs = await onLoopback(async () => {
    const { startFauxqs } = await import('fauxqs');
    return startFauxqs({ port: 0, logger: false, messageSpies: { bufferSize: 10_000 } });
  });
  const { queueUrl } = sqs.createQueue('jobs');
  let refused = 0;

  const front = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const part of request) body.push(part as Buffer);
    if (queue.down) {
      refused++;
      response.writeHead(500, { 'x-amzn-query-error': 'InternalFailure;Receiver' }).end('{}');
      return;
    }
    const headers = Object.entries(request.headers).filter(([name]) => !['connection', 'content-length', 'host'].includes(name));
    const answer = await fetch(`http://127.0.0.1:${sqs.port}${request.url}`, {
      method: request.method ?? 'GET',
      headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(body),
    });
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(await answer.text());
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));

  const queue: TestQueue = {
    endpoint: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    url: queueUrl,
    down: false,
    refused: () => refused,
    messages: async (video_id, count) => {
      const about = (message: { service: string; body?: string }) => message.body?.includes(video_id) ?? false;
      const found = await sqs.spy.waitForMessages(about, { count, status: 'published', timeout: 15_000 });
      return found.map(parseMessage);
    },
    all: () => sqs.spy.getAllMessages().map(parseMessage),
    close: async () => {
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
      await sqs.stop();
    },
  };
  return queue;
}

function parseMessage(message: object): JobMessage {
  return JobMessage.parse(JSON.parse(String('body' in message && message.body)));
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
