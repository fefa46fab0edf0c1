/**
 * A worker's composition and nothing more: configuration, model packages, encoder, signer, queue, signals.
 * It takes messages only once all of them are ready. Under a parent with an IPC channel it says when that is,
 * and ends when the parent does.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import { describeError, type EncoderName } from '@everframe/shared';
import { readConfig, type WorkerConfig } from './config.ts';
import { consume } from './consume.ts';
import { createEdgeClient } from './edge-client.ts';
import { handleJob } from './handle-job.ts';
import { type InferenceProcess, startInference } from './inference-process.ts';
import type { JobContext } from './job.ts';
import { createLog } from './log.ts';
import { type Encoder, findEncoders } from './media/encoder.ts';
import { openSigner } from './provenance/open-signer.ts';
import type { Signer } from './provenance/signer.ts';
import { openScratch } from './scratch.ts';

const log = createLog({ worker: process.pid });
/** Here, since the program runs below before a constant under it has its value. */
const WARN_BEFORE_DAYS = 30;

try {
  await run(readConfig(process.env));
} catch (error) {
  log('error', `the worker stopped: ${describeError(error)}`);
  process.exit(1);
}

async function run(config: WorkerConfig): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
  // The parent was killed: nobody is left to stop us, and the lease brings the video back.
  process.on('disconnect', () => process.exit(1));

  const inference = await startInference(config);
  const encoders = chooseEncoders(await findEncoders(config), config.encoder);
  const signer = await openSigner(config.signer);
  warnOfEnd(signer);
  const context: JobContext = {
    worker_id: config.worker_id,
    edge: createEdgeClient({ url: config.edge_url, token: config.worker_token }),
    inference,
    encoders,
    package_digests: await digestPackages(config, inference),
    signer,
    time_stamp_urls: config.time_stamp_urls,
    scratch_dir: await openScratch(config.scratch_dir),
    log,
    stop: stop.signal,
  };
  const { url: queue_url, endpoint, region } = config.queue;
  const client = new SQSClient({ region, ...(endpoint && { endpoint }) });

  const ready = { provider: inference.provider, encoder: encoders.keys().next().value, models: [...inference.packages.keys()] };
  log('info', 'ready', ready);
  process.send?.({ type: 'ready', ...ready });

  await consume({ client, queue_url, handle: (delivery) => handleJob(context, delivery), log, stop: stop.signal });
  await inference.close();
  log('info', 'stopped');
  process.exit(0);
}

/** The encoders that work here, the asked one first. */
function chooseEncoders(found: ReadonlyMap<EncoderName, Encoder>, asked: EncoderName | 'auto'): ReadonlyMap<EncoderName, Encoder> {
  if (asked === 'auto') return found;
  const encoder = found.get(asked);
  if (!encoder) {
    throw new Error(`EVERFRAME_ENCODER is ${asked}, which does not work here; these do: ${[...found.keys()].join(', ')}`);
  }
  return new Map([[asked, encoder], ...found]);
}

/** A certificate takes its authority days to renew. */
function warnOfEnd({ valid_until }: Signer): void {
  const days = Math.floor((valid_until.getTime() - Date.now()) / 86_400_000);
  if (days < WARN_BEFORE_DAYS) log('warn', `the signing certificate ends in ${days} days: renew it`, { valid_until });
}

async function digestPackages(config: WorkerConfig, { packages }: InferenceProcess): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>();
  for (const name of packages.keys()) {
    const text = await readFile(join(config.packages_dir, name, 'model.json'));
    digests.set(name, createHash('sha256').update(text).digest('hex'));
  }
  return digests;
}
