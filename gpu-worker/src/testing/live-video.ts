/** For tests: videos as the worker's whole path makes them, over an edge in memory, and what a viewer is told of their streams. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClaimAnswer, CommitRequest, Segment } from '@everframe/shared';
import { LiveVerifier, type SegmentVerdict } from '@everframe/shared/live-verification';
import { readerSettings, reportWithoutManifest, toVerificationReport, type VerificationReport } from '@everframe/shared/verification';
import { handleJob } from '../handle-job.ts';
import type { JobContext } from '../job.ts';
import { openWasmEncoder } from '../media/wasm-encoder.ts';
import type { Signer } from '../provenance/signer.ts';
import { readWith } from '../provenance/test-reader.ts';
import { claimOf, createTestEdge } from './edge.ts';
import { commandFor, createTestInference } from './inference.ts';

/** Segments of each video. */
export const CHUNKS = 5;

export interface Made {
  readonly commits: CommitRequest[];
  readonly stored: Map<string, Uint8Array>;
  /** The finished file. */
  readonly video: Uint8Array;
}

export interface MakeOptions {
  readonly folder: string;
  readonly signer: Signer;
  /** Default: a claim of a video that nobody has begun. */
  readonly claim?: Partial<ClaimAnswer>;
  /** What another worker has uploaded. */
  readonly before?: Made;
  readonly onCommit?: (request: CommitRequest) => void;
}

/** What a worker commits and uploads for a claim. */
export async function make(video_id: string, options: MakeOptions): Promise<Made> {
  const { folder, signer, claim = {}, before, onCommit } = options;
  const commits: CommitRequest[] = [];
  let video: Uint8Array = new Uint8Array(0);
  const edge = createTestEdge(claimOf(commandFor(CHUNKS), claim), {
    async commit(_, request) {
      commits.push(request);
      onCommit?.(request);
      return { lease_seconds: 30, ticket: 'a ticket', commit_id: `commit-${request.segment.chunk_index}` };
    },
  });
  for (const [key, bytes] of before?.stored ?? []) edge.stored.set(key, bytes);
  const { upload } = edge;
  edge.upload = async (ticket, key, content, ...rest) => {
    if (content instanceof Uint8Array) return upload(ticket, key, content, ...rest);
    const bytes = await readFile(content.path);
    if (key.endsWith('.mp4')) video = bytes;
    return upload(ticket, key, bytes, ...rest);
  };
  const faults: unknown[] = [];
  const context: JobContext = {
    worker_id: 'a worker',
    edge,
    inference: createTestInference(),
    encoders: new Map([['wasm', openWasmEncoder()]]),
    package_digests: new Map([['toy', 'cd'.repeat(32)]]),
    signer,
    time_stamp_urls: [],
    scratch_dir: join(folder, 'scratch'),
    log: (level, message, fields) => level === 'error' && faults.push({ message, ...fields }),
    stop: new AbortController().signal,
  };
  const body = JSON.stringify({ version: 1, video_id, queued_at_ms: 1 });
  await handleJob(context, { body, acknowledge: async () => undefined });
  assert.deepEqual(faults, []);
  return { commits, stored: edge.stored, video };
}

/** The claim of the worker that comes after one which died with `count` segments committed. */
export function takenOver({ commits }: Made, count: number): Partial<ClaimAnswer> {
  const last = commits[count - 1];
  assert.ok(last);
  const parent = `commit-${count - 1}`;
  return { epoch: 2, parent, segments: commits.slice(0, count).map(({ segment }) => segment), checkpoint: last.checkpoint };
}

export function bytesOf({ stored }: Made, asset: Segment['init']): Uint8Array {
  const bytes = stored.get(asset.key);
  assert.ok(bytes, asset.key);
  return bytes;
}

/** What the page's reader says where the signer is ours. */
export async function report(init: Uint8Array, signer: Signer): Promise<VerificationReport> {
  const settings = readerSettings({ own_roots_pem: signer.trust_anchors_pem, trust_list_pem: '' });
  try {
    return toVerificationReport(await readWith(init, 'video/mp4', settings), 'c2pa-wasm', () => undefined);
  } catch (error) {
    if (/JumbfNotFound/.test(String(error))) return reportWithoutManifest('no_credential', 'c2pa-wasm');
    throw error;
  }
}

/** What a viewer is told of segments in the order in which they come. */
export async function watch(
  segments: readonly (readonly [init: Uint8Array, media: Uint8Array])[],
  signer: Signer,
): Promise<SegmentVerdict[]> {
  const verifier = new LiveVerifier();
  const verdicts: SegmentVerdict[] = [];
  let current: Uint8Array | undefined;
  for (const [init, media] of segments) {
    if (init !== current) await verifier.begin(init, await report(init, signer));
    current = init;
    verdicts.push((await verifier.check(media)).verdict);
  }
  return verdicts;
}

export function streamOf(
  made: Made,
  segments: readonly Segment[] = made.commits.map(({ segment }) => segment),
): [Uint8Array, Uint8Array][] {
  return segments.map(({ init, media }) => [bytesOf(made, init), bytesOf(made, media)]);
}
