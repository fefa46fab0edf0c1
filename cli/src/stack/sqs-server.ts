/**
 * The local SQS that edge and worker talk to: the JSON protocol on loopback, with what fauxqs behind it lacks.
 * Signatures are checked; a long poll that another poller wakes goes on; a message taken for a client that has gone
 * is handed back (which costs it one receive); attributes that were not asked for are left out.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBackend } from './sqs-backend.ts';
import { createQueueFaults, type QueueFault, type QueueFaults } from './sqs-faults.ts';
import { type AwsCredentials, findSignatureFault } from './sqs-signature.ts';

export interface SqsServer {
  readonly endpoint: string;
  readonly queue_url: string;
  readonly dead_letter_url: string;
  readonly faults: QueueFaults;
  stop(): Promise<void>;
}

export interface SqsServerOptions {
  /** Messages are stored here. */
  readonly folder: string;
  readonly credentials: AwsCredentials;
  /** Seconds until a message that was received and not deleted comes again. @default 30 */
  readonly visibility_timeout_seconds?: number;
}

const QUEUE_NAME = 'everframe-jobs';
const DEAD_LETTER_NAME = 'everframe-jobs-dlq';
const MAX_RECEIVE_COUNT = 5;
/** As of SQS: a message and a batch may have 1 MiB; JSON around it needs some more. */
const BODY_MAX_BYTES = 2 * 1024 * 1024;
const ACCOUNT = '000000000000';
const POLL_SLICE_SECONDS = 1;

interface Context {
  readonly backend_url: string;
  readonly credentials: AwsCredentials;
  readonly faults: QueueFaults;
}

interface Call {
  readonly action: string;
  readonly input: Record<string, unknown>;
  readonly authorization: string;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export async function startSqsServer({ folder, credentials, visibility_timeout_seconds = 30 }: SqsServerOptions): Promise<SqsServer> {
  const backend = await startBackend(folder);
  const redrive = { deadLetterTargetArn: `arn:aws:sqs:us-east-1:${ACCOUNT}:${DEAD_LETTER_NAME}`, maxReceiveCount: MAX_RECEIVE_COUNT };
  backend.createQueue(DEAD_LETTER_NAME, { MessageRetentionPeriod: '1209600' });
  backend.createQueue(QUEUE_NAME, { VisibilityTimeout: String(visibility_timeout_seconds), RedrivePolicy: JSON.stringify(redrive) });

  const context: Context = { backend_url: backend.url, credentials, faults: createQueueFaults() };
  const server = createServer((request, response) => {
    handle(context, request, response).catch((error: unknown) => {
      if (!response.headersSent) send(response, refusal(500, 'InternalFailure', String(error)));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    queue_url: `${endpoint}/${ACCOUNT}/${QUEUE_NAME}`,
    dead_letter_url: `${endpoint}/${ACCOUNT}/${DEAD_LETTER_NAME}`,
    faults: context.faults,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await backend.stop();
    },
  };
}

async function handle(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const action = String(request.headers['x-amz-target'] ?? '').replace('AmazonSQS.', '');
  const fault = context.faults.take(action);
  if (fault?.kind === 'drop_request') return void request.socket.destroy();
  const body = await readBody(request);
  if (!body) return send(response, refusal(413, 'RequestEntityTooLarge', `The body may have ${BODY_MAX_BYTES} bytes.`));
  if (fault?.kind === 'delay') await sleep(fault.delay_ms);
  if (fault?.kind === 'error') return send(response, refusal(500, 'InternalFailure', 'A fault ordered by a test.'));

  const { method = '', url: target = '/', headers } = request;
  const unsigned = findSignatureFault({ method, target, headers, body }, context.credentials, Date.now());
  if (unsigned) return send(response, refusal(403, unsigned.code, unsigned.message));

  const call = { action, input: parseJson(body), authorization: String(headers.authorization) };
  const answer = await perform(context, call, fault, () => response.destroyed || request.socket.destroyed);
  if (!answer || fault?.kind === 'drop_response') return void request.socket.destroy();
  send(response, answer);
}

/** @returns undefined when the client has gone */
async function perform(context: Context, call: Call, fault: QueueFault | undefined, hasGone: () => boolean): Promise<Answer | undefined> {
  if (call.action === 'ReceiveMessage') return receive(context, call, hasGone);
  if (call.action === 'ChangeMessageVisibility' && call.input.VisibilityTimeout === 0) return makeVisible(context, call);
  if (call.action === 'SendMessage' && fault?.kind === 'duplicate') await forward(context, call);
  return forward(context, call);
}

/** fauxqs 2.4.1 loses a message whose timeout is set to 0 while it is stored on disk; a millisecond is as good. */
async function makeVisible(context: Context, call: Call): Promise<Answer> {
  const answer = await forward(context, { ...call, input: { ...call.input, VisibilityTimeout: 0.001 } });
  await sleep(2);
  return answer;
}

/** Polls in short slices, so that a message stolen by another poller does not end the wait, and a gone client is seen. */
async function receive(context: Context, call: Call, hasGone: () => boolean): Promise<Answer | undefined> {
  const wait_seconds = Number(call.input.WaitTimeSeconds ?? 0);
  const deadline_ms = Date.now() + wait_seconds * 1000;
  for (;;) {
    const left_seconds = Math.max(0, Math.ceil((deadline_ms - Date.now()) / 1000));
    const WaitTimeSeconds = wait_seconds > 20 ? wait_seconds : Math.min(POLL_SLICE_SECONDS, left_seconds);
    const answer = await forward(context, { ...call, input: { ...call.input, WaitTimeSeconds } });
    const messages = Array.isArray(answer.body.Messages) ? (answer.body.Messages as Record<string, unknown>[]) : [];
    if (hasGone()) {
      await handBack(context, call, messages);
      return undefined;
    }
    if (answer.status !== 200 || Date.now() >= deadline_ms || messages.length > 0) {
      return messages.length > 0 ? { ...answer, body: { Messages: withoutUnasked(call, messages) } } : answer;
    }
  }
}

async function handBack(context: Context, call: Call, messages: Record<string, unknown>[]): Promise<void> {
  for (const { ReceiptHandle } of messages) {
    await makeVisible(context, { ...call, action: 'ChangeMessageVisibility', input: { QueueUrl: call.input.QueueUrl, ReceiptHandle } });
  }
}

function withoutUnasked({ input }: Call, messages: Record<string, unknown>[]): Record<string, unknown>[] {
  if (Array.isArray(input.MessageAttributeNames) && input.MessageAttributeNames.length > 0) return messages;
  return messages.map(({ MessageAttributes: _, MD5OfMessageAttributes: __, ...message }) => message);
}

async function forward({ backend_url }: Context, { action, input, authorization }: Call): Promise<Answer> {
  const response = await fetch(backend_url, {
    method: 'POST',
    // fauxqs reads the region out of the authorization.
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}`, authorization },
    body: JSON.stringify(input),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const type = typeof body.__type === 'string' ? body.__type : undefined;
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    ...(type && { 'x-amzn-query-error': `${type.replace(/^.*#/, '')};${status < 500 ? 'Sender' : 'Receiver'}` }),
  });
  response.end(JSON.stringify(body));
}

function refusal(status: number, code: string, message: string): Answer {
  return { status, body: { __type: `com.amazonaws.sqs#${code}`, message } };
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= BODY_MAX_BYTES) parts.push(part);
  }
  return bytes <= BODY_MAX_BYTES ? Buffer.concat(parts) : undefined;
}

function parseJson(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // The back end answers an empty input with its own refusal.
    return {};
  }
}
