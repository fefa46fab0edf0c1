/** What every step of a job needs. */
import type { EncoderName } from '@everframe/shared';
import type { EdgeClient } from './edge-client.ts';
import type { InferenceProcess } from './inference-process.ts';
import type { Log } from './log.ts';
import type { Encoder } from './media/encoder.ts';
import type { Signer } from './provenance/signer.ts';

/** What a worker has at hand for every job. */
export interface JobContext {
  readonly worker_id: string;
  readonly edge: EdgeClient;
  readonly inference: InferenceProcess;
  /** In order of preference. */
  readonly encoders: ReadonlyMap<EncoderName, Encoder>;
  /** Digest of each package's model.json, by model name; goes into manifests. */
  readonly package_digests: ReadonlyMap<string, string>;
  readonly signer: Signer;
  /** Time-stamp authorities, asked in turn; none where time-stamps are off. */
  readonly time_stamp_urls: readonly string[];
  readonly scratch_dir: string;
  readonly log: Log;
  /** Aborts on shutdown: the chunk in hand is finished, then the video is handed back. */
  readonly stop: AbortSignal;
}
