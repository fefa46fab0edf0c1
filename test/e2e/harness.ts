/**
 * A whole stack for one test file: edge in workerd, queue, workers, on free ports over a folder of its own, and what
 * tests ask of it. Leases are short, so that what a dead worker held is soon taken over.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PACKAGES_DIR, type Stack, type StackOptions, type StackWorker, startStack } from '@everframe/cli/stack';
import type { RecordedEvent } from '@everframe/shared';
import OpenAI from 'openai';

export const LEASE_SECONDS = 4;
const POLL_MS = 100;
const PATIENCE_MS = 300_000;
const LOG_LINES_SHOWN = 30;

/** @param options over those of a test: a free port, a new folder, one worker, short leases */
export async function startHarness(options: Partial<StackOptions> = {}): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), 'everframe-e2e-'));
  const log: string[] = [];
  try {
    const stack = await startStack({
      data_dir: join(folder, 'data'),
      visibility_timeout_seconds: LEASE_SECONDS,
      log: (line) => log.push(line),
      onWorkerLog: (line) => log.push(JSON.stringify(line)),
      onEdgeLog: (line) => log.push(`edge ${JSON.stringify(line)}`),
      ...options,
      edge_vars: { LEASE_SECONDS: String(LEASE_SECONDS), ...options.edge_vars },
    });
    return new Harness(stack, folder, log);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

export class Harness {
  readonly stack: Stack;
  /** The stock SDK, as a user has it. */
  readonly client: OpenAI;
  readonly sqs: SQSClient;
  readonly packages_dir = PACKAGES_DIR;
  readonly #folder: string;
  readonly #log: readonly string[];
  #files_saved = 0;

  constructor(stack: Stack, folder: string, log: readonly string[]) {
    this.stack = stack;
    this.client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.api_key });
    const { access_key_id: accessKeyId, secret_access_key: secretAccessKey } = stack.credentials;
    this.sqs = new SQSClient({ region: stack.region, endpoint: stack.queue.endpoint, credentials: { accessKeyId, secretAccessKey } });
    this.#folder = folder;
    this.#log = log;
  }

  /** Ends the stack and removes its folder. */
  async stop(): Promise<void> {
    this.sqs.destroy();
    await this.stack.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The video once it is completed. */
  async finished(id: string): Promise<OpenAI.Video> {
    return this.#until(`${id} is completed`, async () => {
      const video = await this.client.videos.retrieve(id);
      if (video.status === 'failed') throw new Error(`${id} failed: ${video.error?.message}\n${this.#lastLog()}`);
      return video.status === 'completed' ? video : undefined;
    });
  }

  async download(id: string, variant: 'video' | 'thumbnail' | 'spritesheet' = 'video'): Promise<Buffer> {
    const response = await this.client.videos.downloadContent(id, { variant });
    return Buffer.from(await response.arrayBuffer());
  }

  /** Writes bytes to a file that lives as long as the stack. */
  async save(bytes: Buffer): Promise<string> {
    const path = join(this.#folder, `file-${++this.#files_saved}`);
    await writeFile(path, bytes);
    return path;
  }

  /** The history that the video's Durable Object keeps. */
  async events(id: string): Promise<RecordedEvent[]> {
    const headers = { authorization: `Bearer ${this.stack.worker_token}` };
    const response = await fetch(`${this.stack.url}/internal/v1/videos/${id}/events`, { headers });
    if (!response.ok) throw new Error(`the events of ${id}: ${response.status} ${await response.text()}`);
    return ((await response.json()) as { data: RecordedEvent[] }).data;
  }

  /** Waits until an event has happened that often. */
  async event(id: string, type: RecordedEvent['type'], count: number): Promise<void> {
    await this.#until(`${id} was ${type} ${count} times`, async () => {
      const events = await this.events(id);
      return events.filter((event) => event.type === type).length >= count || undefined;
    });
  }

  /** Root certificate of the stack's signer. */
  async trustAnchors(): Promise<string> {
    return readFile(this.stack.root_certificate_path, 'utf8');
  }

  /** An API key of another account. */
  async createStranger(): Promise<string> {
    return this.stack.createAccount('Stranger');
  }

  /** Ids of the videos that the index has. */
  async indexed(): Promise<string[]> {
    const row = await this.stack.db.prepare('SELECT json_group_array(id) AS ids FROM videos').first<{ ids: string }>();
    return JSON.parse(row?.ids ?? '[]');
  }

  /** Waits until the index has the video. */
  async indexHas(id: string): Promise<void> {
    await this.#until(`${id} is in the index`, async () => (await this.indexed()).includes(id) || undefined);
  }

  /** Takes messages until that video's has come and no other waits. Resolves to the video ids of all. */
  async takeMessages(id: string): Promise<string[]> {
    const QueueUrl = this.stack.queue.url;
    const taken: string[] = [];
    return this.#until(`the message of ${id} is in the queue`, async () => {
      const { Messages = [] } = await this.sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
      for (const { Body = '', ReceiptHandle } of Messages) {
        taken.push(JSON.parse(Body).video_id);
        await this.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
      return Messages.length === 0 && taken.includes(id) ? taken : undefined;
    });
  }

  /** The worker that runs, or undefined. */
  livingWorker(): StackWorker | undefined {
    return this.stack.workers.findLast(({ pid }) => pid !== undefined);
  }

  /** Tells every worker to stop and waits until none runs. */
  async stopWorkers(): Promise<void> {
    for (const worker of this.stack.workers) if (worker.pid !== undefined) worker.kill('SIGTERM');
    await this.#until('no worker runs', async () => this.livingWorker() === undefined || undefined);
  }

  /** Waits until that many messages are there for the taking. */
  async queueHolds(count: number): Promise<void> {
    await this.#until(`the queue holds ${count} messages`, async () => (await this.#queueCounts()).visible === count || undefined);
  }

  async queueEmpty(): Promise<void> {
    await this.#until('the queue is empty', async () => {
      const { visible, in_flight } = await this.#queueCounts();
      return visible + in_flight === 0 || undefined;
    });
  }

  /** The body of the first message that the dead-letter queue gives. */
  async deadLetter(): Promise<string> {
    const command = new ReceiveMessageCommand({ QueueUrl: this.stack.queue.dead_letter_url, WaitTimeSeconds: 1 });
    return this.#until('a message is in the dead-letter queue', async () => (await this.sqs.send(command)).Messages?.[0]?.Body);
  }

  async #queueCounts(): Promise<{ visible: number; in_flight: number }> {
    const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const command = new GetQueueAttributesCommand({ QueueUrl: this.stack.queue.url, AttributeNames: [...names] });
    const { Attributes = {} } = await this.sqs.send(command);
    return { visible: Number(Attributes[names[0]]), in_flight: Number(Attributes[names[1]]) };
  }

  async #until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline_ms = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > deadline_ms) throw new Error(`waited ${PATIENCE_MS / 1000} s until ${what}\n${this.#lastLog()}`);
      await sleep(POLL_MS);
    }
  }

  #lastLog(): string {
    return this.#log.slice(-LOG_LINES_SHOWN).join('\n');
  }
}
