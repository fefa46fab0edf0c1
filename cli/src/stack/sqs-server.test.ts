/** The local queue, spoken to by the SDK that the worker uses. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { AwsClient } from 'aws4fetch';
import { type SqsServer, startSqsServer } from './sqs-server.ts';

const CREDENTIALS = { access_key_id: 'AKIATEST', secret_access_key: 'a secret/with+signs=' };

describe('the local SQS', { timeout: 60_000 }, () => {
  let folder: string;
  let server: SqsServer;
  let client: SQSClient;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'everframe-sqs-'));
    server = await startSqsServer({ folder, credentials: CREDENTIALS });
    client = connect(server);
  });
  after(async () => {
    client.destroy();
    await server.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    server.faults.clear();
    await client.send(new PurgeQueueCommand({ QueueUrl: server.queue_url }));
  });

  const send = (body: string) => client.send(new SendMessageCommand({ QueueUrl: server.queue_url, MessageBody: body }));
  const receive = async (options: { wait_seconds?: number; visibility_seconds?: number; queue_url?: string } = {}) => {
    const { Messages } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: options.queue_url ?? server.queue_url,
        WaitTimeSeconds: options.wait_seconds ?? 0,
        VisibilityTimeout: options.visibility_seconds,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    );
    return Messages?.[0];
  };

  it('delivers a message once and forgets it when it is deleted', async () => {
    await send('hello');
    const message = await receive();
    assert.equal(message?.Body, 'hello');
    assert.equal(await receive(), undefined);
    await client.send(new DeleteMessageCommand({ QueueUrl: server.queue_url, ReceiptHandle: message?.ReceiptHandle }));
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: server.queue_url, AttributeNames: ['ApproximateNumberOfMessagesNotVisible'] }),
    );
    assert.equal(Attributes?.ApproximateNumberOfMessagesNotVisible, '0');
  });

  it('accepts the signature of the edge (aws4fetch)', async () => {
    const edge = new AwsClient({
      accessKeyId: CREDENTIALS.access_key_id,
      secretAccessKey: CREDENTIALS.secret_access_key,
      service: 'sqs',
      region: 'us-east-1',
      retries: 0,
    });
    const response = await edge.fetch(server.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' },
      body: JSON.stringify({ QueueUrl: server.queue_url, MessageBody: 'from the edge' }),
    });
    assert.equal(response.status, 200);
    assert.equal((await receive())?.Body, 'from the edge');
  });

  it('refuses a wrong secret, an unknown key and a request without signature', async () => {
    for (const [credentials, name] of [
      [{ ...CREDENTIALS, secret_access_key: 'wrong' }, 'SignatureDoesNotMatch'],
      [{ ...CREDENTIALS, access_key_id: 'AKIAOTHER' }, 'InvalidClientTokenId'],
    ] as const) {
      const stranger = connect(server, credentials);
      await assert.rejects(stranger.send(new SendMessageCommand({ QueueUrl: server.queue_url, MessageBody: 'x' })), { name });
      stranger.destroy();
    }
    const response = await fetch(server.endpoint, { method: 'POST', headers: { 'x-amz-target': 'AmazonSQS.ListQueues' }, body: '{}' });
    assert.equal(response.status, 403);
    assert.equal(response.headers.get('x-amzn-query-error'), 'MissingAuthenticationToken;Sender');
    assert.equal(await receive(), undefined);
  });

  it('wakes a long poll when a message comes', async () => {
    const began_at_ms = Date.now();
    const polled = receive({ wait_seconds: 20 });
    await sleep(100);
    await send('wake up');
    assert.equal((await polled)?.Body, 'wake up');
    assert.ok(Date.now() - began_at_ms < 10_000);
  });

  it('lets a long poll go on when another poller takes the message that woke it', async () => {
    const polls = [receive({ wait_seconds: 20 }), receive({ wait_seconds: 20 })];
    await sleep(100);
    await send('first');
    await Promise.race(polls);
    await send('second');
    const bodies = (await Promise.all(polls)).map((message) => message?.Body);
    assert.deepEqual(bodies.sort(), ['first', 'second']);
  });

  it('hands a message back when the client that polled for it has gone', async () => {
    await abandonPoll(server, client);
    await send('for whoever is there');
    assert.equal((await receive({ wait_seconds: 10 }))?.Body, 'for whoever is there');
  });

  it('moves a message to the dead-letter queue after five receives', async () => {
    await send('poison');
    for (let count = 1; count <= 5; count++) {
      const message = await receive();
      assert.equal(message?.Attributes?.ApproximateReceiveCount, String(count));
      await client.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: server.queue_url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 }),
      );
    }
    assert.equal(await receive(), undefined);
    assert.equal((await receive({ queue_url: server.dead_letter_url }))?.Body, 'poison');
  });

  it('leaves out message attributes that were not asked for', async () => {
    const MessageAttributes = { trace: { DataType: 'String', StringValue: '00-1' } };
    await client.send(new SendMessageCommand({ QueueUrl: server.queue_url, MessageBody: 'x', MessageAttributes }));
    const bare = await receive({ visibility_seconds: 0 });
    assert.equal(bare?.MessageAttributes, undefined);
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl: server.queue_url, MessageAttributeNames: ['All'] }));
    assert.equal(Messages?.[0]?.MessageAttributes?.trace?.StringValue, '00-1');
  });

  it('plays the faults that a test orders', async () => {
    server.faults.add('SendMessage', { kind: 'error' });
    await assert.rejects(send('lost'));
    server.faults.add('SendMessage', { kind: 'drop_request' });
    await assert.rejects(send('lost too'));
    server.faults.add('SendMessage', { kind: 'drop_response' });
    await assert.rejects(send('sent, unknown to its sender'));
    assert.equal((await receive())?.Body, 'sent, unknown to its sender');
    server.faults.add('SendMessage', { kind: 'duplicate' });
    await send('twice');
    assert.deepEqual([(await receive())?.Body, (await receive())?.Body], ['twice', 'twice']);
  });

  it('keeps its messages through a restart', async () => {
    await send('still here');
    await server.stop();
    client.destroy();
    server = await startSqsServer({ folder, credentials: CREDENTIALS });
    client = connect(server);
    assert.equal((await receive())?.Body, 'still here');
  });
});

function connect(server: SqsServer, { access_key_id, secret_access_key } = CREDENTIALS): SQSClient {
  return new SQSClient({
    region: 'us-east-1',
    endpoint: server.endpoint,
    credentials: { accessKeyId: access_key_id, secretAccessKey: secret_access_key },
    maxAttempts: 1,
  });
}

/** Starts a long poll and hangs up, as a killed worker does. */
async function abandonPoll(server: SqsServer, client: SQSClient): Promise<void> {
  const abort = new AbortController();
  const command = new ReceiveMessageCommand({ QueueUrl: server.queue_url, WaitTimeSeconds: 20 });
  const poll = client.send(command, { abortSignal: abort.signal });
  await sleep(200);
  abort.abort();
  await assert.rejects(poll);
  // A round trip: by then the server has seen the closed connection.
  await new Promise((resolve) => httpRequest(server.endpoint, resolve).end());
}
