/** The worker's environment, parsed once at start into a frozen value. A missing or wrong variable stops the start and is named. */
import { availableParallelism, hostname } from 'node:os';
import { EncoderName } from '@everframe/shared';
import { z } from 'zod';
import { readSignerConfig, type SignerConfig } from './provenance/signer-config.ts';

const Environment = z.object({
  EVERFRAME_EDGE_URL: z.url({ protocol: /^https?$/ }),
  EVERFRAME_WORKER_TOKEN: z.string().min(16),
  SQS_QUEUE_URL: z.url(),
  SQS_ENDPOINT: z.url().optional(),
  AWS_REGION: z.string().min(1),
  EVERFRAME_PACKAGES_DIR: z.string().min(1),
  EVERFRAME_SCRATCH_DIR: z.string().min(1),
  EVERFRAME_PROVIDER: z.enum(['cpu', 'cuda', 'webgpu']).default('cpu'),
  EVERFRAME_THREADS: z.coerce.number().int().min(1).max(64).optional(),
  EVERFRAME_ENCODER: z.enum(['auto', ...EncoderName.options]).default('auto'),
  EVERFRAME_TIME_STAMP_URLS: z
    .string()
    .default('')
    .transform((list) => list.split(',').flatMap((url) => url.trim() || []))
    .pipe(z.array(z.url({ protocol: /^https?$/ })).max(3)),
  FFMPEG_PATH: z.string().min(1).optional(),
});
type Variable = keyof typeof Environment.shape;

/** What each variable must hold; the text of a refusal. */
const RULES: Readonly<Record<Variable, string>> = {
  EVERFRAME_EDGE_URL: 'the http:// or https:// address of the edge',
  EVERFRAME_WORKER_TOKEN: 'the WORKER_TOKEN of the edge, at least 16 characters',
  SQS_QUEUE_URL: 'the URL of the queue that the edge sends to',
  SQS_ENDPOINT: "the URL of a queue service that is not AWS's own",
  AWS_REGION: "the queue's region, such as us-east-1",
  EVERFRAME_PACKAGES_DIR: 'the folder of the model packages; in a checkout models/packages',
  EVERFRAME_SCRATCH_DIR: 'a folder where segments wait until the final file is made, and which may be lost at any time',
  EVERFRAME_PROVIDER: 'cpu, cuda or webgpu',
  EVERFRAME_THREADS: 'the threads inside one network, a whole number from 1 to 64',
  EVERFRAME_ENCODER: `the encoder that new videos get: ${EncoderName.options.join(', ')}, or auto for the first that works here`,
  EVERFRAME_TIME_STAMP_URLS: 'at most 3 http:// or https:// addresses of RFC 3161 authorities, with commas between them, asked in turn',
  FFMPEG_PATH: 'an ffmpeg program',
};
/** Never shown, not even where they are wrong. */
const SECRETS: readonly string[] = ['EVERFRAME_WORKER_TOKEN'];
const ECHO_MAX_CHARACTERS = 60;

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
    const wrong = new Set(parsed.error?.issues.map(({ path: [name] }) => name as Variable));
    const faults = [...wrong].map((name) => describeFault(name, present[name]));
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

function describeFault(name: Variable, value: string | undefined): string {
  if (value === undefined) return `${name} is not set: it must be ${RULES[name]}`;
  const got = SECRETS.includes(name) ? `${value.length} characters` : `'${value.slice(0, ECHO_MAX_CHARACTERS)}'`;
  return `${name} must be ${RULES[name]}; got ${got}`;
}
