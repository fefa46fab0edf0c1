import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { DeleteMessageCommand, type ReceiveMessageCommandOutput, type SQSClient } from '@aws-sdk/client-sqs';
import { consume, type Delivery } from './consume.ts';
import { json, startServer } from './testing/http-server.ts';
import { clientOf, startQueue } from './testing/queue.ts';

const queue = await startQueue();
after(() => queue.close());
beforeEach(() => queue.empty());

/** Consumes until `handle` has been given one message. */
async function consumeOne(handle: (delivery: Delivery) => Promise<void>, client: Pick<SQSClient, 'send'> = queue.client) {
  const stop = new AbortController();
  const lines: string[] = [];
  const stopAfter = async (delivery: Delivery) => {
    stop.abort();
    await handle(delivery);
  };
  await consume({ client, queue_url: queue.url, handle: stopAfter, log: (_, line) => lines.push(line), stop: stop.signal });
  return lines;
}

test('an acknowledged message is deleted', async () => {
  queue.send('work');
  const bodies: string[] = [];
  await consumeOne(async ({ body, acknowledge }) => {
    bodies.push(body);
    await acknowledge();
  });
  assert.deepEqual(bodies, ['work']);
  assert.deepEqual(queue.content(), { waiting: [], received: [] });
});

test('a message that could not be handled stays in the queue', async () => {
  queue.send('work');
  const lines = await consumeOne(() => Promise.reject(new Error('the edge is away')));
  assert.deepEqual(lines, ['a message could not be handled; it stays in the queue']);
  assert.deepEqual(queue.content(), { waiting: [], received: ['work'] });
});

test('a message that could not be handled does not stop the ones behind it', async () => {
  queue.send('first');
  queue.send('second');
  const stop = new AbortController();
  const bodies: string[] = [];
  const handle = async ({ body }: Delivery) => {
    bodies.push(body);
    if (bodies.length === 2) stop.abort();
    throw new Error('unreadable');
  };
  await consume({ client: queue.client, queue_url: queue.url, handle, log: () => undefined, stop: stop.signal });
  assert.deepEqual(bodies.sort(), ['first', 'second']);
});

test('a message that arrives after the stop is handed back at once', async () => {
  const stop = new AbortController();
  const { send } = queue.client;
  let polls = 0;
  const stopping = {
    send: (...args: Parameters<typeof send>) => {
      if (polls++ === 0) {
        stop.abort();
        queue.send('late');
      }
      return send.apply(queue.client, args);
    },
  } as Pick<SQSClient, 'send'>;
  const handle = () => assert.fail('nothing is handled after the stop');
  await consume({ client: stopping, queue_url: queue.url, handle, log: () => undefined, stop: stop.signal });
  assert.deepEqual(queue.content(), { waiting: ['late'], received: [] });
});

test('a queue that is down is asked again, after growing pauses', async (t) => {
  t.mock.method(Math, 'random', () => 0.5);
  const stop = new AbortController();
  const { url, asked } = await startServer(t, (response) => {
    if (asked.length === 4) stop.abort();
    json(500, {})(response);
  });
  const lines: string[] = [];
  const handle = () => assert.fail('there is no message');
  await consume({ client: clientOf(url), queue_url: `${url}/0/jobs`, handle, log: (_, line) => lines.push(line), stop: stop.signal });
  assert.equal(lines.length, 4);
  const pauses_ms = asked.slice(1).map(({ at_ms }, index) => at_ms - (asked[index]?.at_ms ?? 0));
  for (const [index, expected_ms] of [200, 400, 800].entries()) assert.ok((pauses_ms[index] ?? 0) >= expected_ms - 5, `${pauses_ms}`);
});

test('a queue that never answers a deletion does not hold up the work', async (t) => {
  const { timeout } = AbortSignal;
  const limits_ms: number[] = [];
  t.mock.method(AbortSignal, 'timeout', (limit_ms: number) => {
    limits_ms.push(limit_ms);
    return timeout.call(AbortSignal, 20);
  });
  const hanging = {
    send: async (command: object, { abortSignal }: { abortSignal: AbortSignal }): Promise<Partial<ReceiveMessageCommandOutput>> => {
      if (!(command instanceof DeleteMessageCommand)) return { Messages: [{ Body: 'work', ReceiptHandle: 'r' }] };
      return new Promise((_, reject) => abortSignal.addEventListener('abort', () => reject(abortSignal.reason)));
    },
  } as Pick<SQSClient, 'send'>;
  const alive = setInterval(() => undefined, 1000);
  t.after(() => clearInterval(alive));
  const lines = await consumeOne(({ acknowledge }) => acknowledge(), hanging);
  assert.deepEqual(lines, ['a message could not be deleted; it will come again']);
  assert.deepEqual(limits_ms, [12_000, 10_000]);
});
