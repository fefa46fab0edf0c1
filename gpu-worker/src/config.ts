/** The worker's environment, parsed once at start into a frozen value. A missing or wrong variable stops the start and is named. */
import { availableParallelism, hostname } from 'node:os';
import { EncoderName } from '@everframe/shared';
import { z } from 'zod';
import { readSignerConfig, type SignerConfig } from './provenance/signer-config.ts';

const Environment = z.object({
  EVERFRAME_EDGE_URL: z.url({ protocol: /^https?$/ }),
  EVERFRAME_WORKER_TOKEN: z.string().min(16),
  SQS_QUEUE_URL: z.url(),
  /** Only where the queue is not AWS's own. */
  SQS_ENDPOINT: z.url().optional(),
  AWS_REGION: z.string().min(1),
  EVERFRAME_PACKAGES_DIR: z.string().min(1),
  /** Segments wait here until the final file is made; may be lost at any time. */
  EVERFRAME_SCRATCH_DIR: z.string().min(1),
  EVERFRAME_PROVIDER: z.enum(['cpu', 'cuda', 'webgpu']).default('cpu'),
  EVERFRAME_THREADS: z.coerce.number().int().min(1).max(64).optional(),
  /** Which encoder new videos get; `auto` takes the first that works here. */
  EVERFRAME_ENCODER: z.enum(['auto', ...EncoderName.options]).default('auto'),
  /** RFC 3161, separated by commas, asked in turn; without them nothing is time-stamped. */
  EVERFRAME_TIME_STAMP_URLS: z
    .string()
    .default('')
    .transform((list) => list.split(',').flatMap((url) => url.trim() || []))
    .pipe(z.array(z.url({ protocol: /^https?$/ })).max(3)),
  FFMPEG_PATH: z.string().min(1).optional(),
});

export interface WorkerConfig {
  readonly worker_id: string;
  readonly edge_url: string;
  readonly worker_token: string;
  readonly queue: { readonly url: string; readonly endpoint: string | undefined; readonly region: string };
  readonly packages_dir: string;
  readonly scratch_dir: string;
  readonly signer: SignerConfig;
  readonly time_stamp_urls: readonly string[];
  readonly provider: 'cpu' | 'cuda' | 'webgpu';
  /** Threads inside one network; frames do not depend on it. More than two do not help networks as small as the shipped ones. */
  readonly threads: number;
  readonly encoder: EncoderName | 'auto';
  readonly ffmpeg_path: string | undefined;
}

/** @throws Error that names each wrong variable and its rule */
export function readConfig(environment: NodeJS.ProcessEnv): WorkerConfig {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(present);
  const signer = readSignerConfig(present);
  if (!parsed.success || 'faults' in signer) {
    const faults = parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
    if ('faults' in signer) faults.push(...signer.faults);
    throw new Error(`the environment is not complete: ${faults.join('; ')}`);
  }
  const env = parsed.data;
  return Object.freeze({
    worker_id: `${hostname()}-${process.pid}-${Date.now().toString(36)}`,
    edge_url: env.EVERFRAME_EDGE_URL.replace(/\/$/, ''),
    worker_token: env.EVERFRAME_WORKER_TOKEN,
    queue: { url: env.SQS_QUEUE_URL, endpoint: env.SQS_ENDPOINT, region: env.AWS_REGION },
    packages_dir: env.EVERFRAME_PACKAGES_DIR,
    scratch_dir: env.EVERFRAME_SCRATCH_DIR,
    signer,
    time_stamp_urls: env.EVERFRAME_TIME_STAMP_URLS,
    provider: env.EVERFRAME_PROVIDER,
    threads: env.EVERFRAME_THREADS ?? Math.min(2, availableParallelism()),
    encoder: env.EVERFRAME_ENCODER,
    ffmpeg_path: env.FFMPEG_PATH,
  });
}
