/**
 * Receives messages one at a time and hands each over, until told to stop. Knows nothing of video.
 * A message that is not acknowledged comes again after its visibility timeout and ends in the dead-letter queue.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { describeError } from '@everframe/shared';
import type { Log } from './log.ts';

export interface Delivery {
  readonly body: string;
  /** Deletes the message. Called once the work is owned elsewhere; a failure is logged and harmless, since claims are exclusive. */
  acknowledge(): Promise<void>;
}

interface ConsumerOptions {
  readonly client: Pick<SQSClient, 'send'>;
  readonly queue_url: string;
  readonly handle: (delivery: Delivery) => Promise<void>;
  readonly log: Log;
  /** Aborting ends the loop after the delivery in hand. */
  readonly stop: AbortSignal;
}

/** One long poll. A stop waits for it to end, so that no message is lost to a hung-up poll. */
const POLL_SECONDS = 2;
/** How long the queue may take to answer, beyond the poll itself. */
const ANSWER_TIMEOUT_MS = 10_000;
const FIRST_BACKOFF_MS = 200;
const LAST_BACKOFF_MS = 10_000;

/** Resolves when `stop` has aborted and the delivery in hand has been handled. */
export async function consume(options: ConsumerOptions): Promise<void> {
  const { client, queue_url, handle, log, stop } = options;
  let failures = 0;
  while (!stop.aborted) {
    let message: Message | undefined;
    try {
      message = await receive(options);
      failures = 0;
    } catch (error) {
      log('warn', 'the queue did not answer', { error: describeError(error), failures: ++failures });
      await sleep(backoffMs(failures), undefined, { signal: stop }).catch(() => undefined);
    }
    if (!message) continue;
    if (stop.aborted) {
      await handBack(options, message);
      return;
    }
    const acknowledge = () => deleteMessage(client, queue_url, message, log);
    try {
      await handle({ body: message.Body ?? '', acknowledge });
    } catch (error) {
      log('error', 'a message could not be handled; it stays in the queue', { error: describeError(error) });
    }
  }
}

function backoffMs(failures: number): number {
  return Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1)) * (0.5 + Math.random());
}

async function receive({ client, queue_url }: ConsumerOptions): Promise<Message | undefined> {
  const command = new ReceiveMessageCommand({ QueueUrl: queue_url, MaxNumberOfMessages: 1, WaitTimeSeconds: POLL_SECONDS });
  const { Messages } = await client.send(command, { abortSignal: AbortSignal.timeout(POLL_SECONDS * 1000 + ANSWER_TIMEOUT_MS) });
  return Messages?.[0];
}

/** A message that came after the stop goes to another worker at once. */
async function handBack({ client, queue_url, log }: ConsumerOptions, message: Message): Promise<void> {
  const command = new ChangeMessageVisibilityCommand({ QueueUrl: queue_url, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 0 });
  await client
    .send(command, { abortSignal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    .catch((error: unknown) => log('warn', 'a message could not be handed back', { error: describeError(error) }));
}

async function deleteMessage(client: ConsumerOptions['client'], queue_url: string, message: Message, log: Log): Promise<void> {
  const command = new DeleteMessageCommand({ QueueUrl: queue_url, ReceiptHandle: message.ReceiptHandle });
  await client
    .send(command, { abortSignal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    .catch((error: unknown) => log('warn', 'a message could not be deleted; it will come again', { error: describeError(error) }));
}
