/**
 * Signing and reading back a finished video of 5, 50 and 500 MB, by path: time beside that of a bare SHA-256 of the
 * same file, the most memory that the process had, and the longest time in which it could not have renewed a lease.
 * Each round is a fresh process. Then a live stream: its start, and milliseconds a segment. Files are a real video with noise behind its samples, which is hashed like them.
 */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { makeSegment } from '../gpu-worker/src/media/segmenter.ts';
import { makeClip } from '../gpu-worker/src/media/test-clip.ts';
import { openWasmEncoder } from '../gpu-worker/src/media/wasm-encoder.ts';
import { openDevelopmentSigner } from '../gpu-worker/src/provenance/development-signer.ts';
import { LiveSession } from '../gpu-worker/src/provenance/live-session.ts';
import { readManifest } from '../gpu-worker/src/provenance/read-manifest.ts';
import { signAsset } from '../gpu-worker/src/provenance/sign-asset.ts';
import { makeTestVideo, TEST_FACTS } from '../gpu-worker/src/provenance/test-asset.ts';
import { type TopLevelBox, topLevelBoxes } from '../gpu-worker/src/provenance/top-level-boxes.ts';
import { median, report, round } from './report.ts';

const SIZES_MB = [5, 50, 500];
const ROUNDS = 3;
const LIVE_SEGMENTS_KB = [50, 500];
const LIVE_ROUNDS = 50;
const MB = 1024 * 1024;

interface Round {
  readonly sha256_ms: number;
  /** With the read-back that every signing ends with. */
  readonly sign_ms: number;
  readonly read_ms: number;
  readonly rss_before_mb: number;
  readonly rss_peak_mb: number;
  readonly longest_gap_ms: number;
  readonly added_bytes: number;
}

const [source, folder] = process.argv.slice(2);
if (source && folder) console.log(JSON.stringify(await measure(source, folder)));
else await compare();

async function compare(): Promise<void> {
  const into = await mkdtemp(join(tmpdir(), 'everframe-bench-'));
  try {
    await openDevelopmentSigner(join(into, 'keys'));
    const small = await makeTestVideo(into);
    const figures: Record<string, object> = {};
    for (const size_mb of SIZES_MB) {
      const path = join(into, 'source.mp4');
      await copyFile(small, path);
      await appendNoise(path, size_mb);
      const rounds = Array.from({ length: ROUNDS }, () => inFreshProcess(path, into));
      figures[`mb_${size_mb}`] = { ...medians(rounds), sign_ms_rounds: rounds.map(({ sign_ms }) => Math.round(sign_ms)) };
    }
    figures.live = await measureLive(into);
    report('sign', figures);
  } finally {
    await rm(into, { recursive: true });
  }
}

/** The start of a live stream once, then segment by segment, beside a bare SHA-256 of the same bytes. */
async function measureLive(into: string): Promise<object> {
  const signer = await openDevelopmentSigner(join(into, 'keys'));
  const size = { width: 64, height: 64, fps: 8 };
  const encoded = await openWasmEncoder().encode(makeClip(size, 0, 8), size);
  const { init } = makeSegment(encoded, { ...size, chunk_index: 0, first_frame: 0 });
  const options = { signer, init, facts: TEST_FACTS, first_sequence_number: 1, scratch_dir: into };
  const [init_ms, session] = await timed(() => LiveSession.open(options));
  const figures: Record<string, object> = {};
  let chunk_index = 0;
  for (const segment_kb of LIVE_SEGMENTS_KB) {
    // A sample as large as the encoder might have made it.
    const sample = { bytes: randomBytes(segment_kb * 1024), key: true };
    const rounds: { sign_ms: number; sha256_ms: number; added_bytes: number }[] = [];
    for (let index = 0; index < LIVE_ROUNDS; index++, chunk_index++) {
      const { media } = makeSegment({ ...encoded, samples: [sample] }, { ...size, chunk_index, first_frame: chunk_index });
      const [sha256_ms] = await timed(async () => createHash('sha256').update(media).digest());
      const [sign_ms, signed] = await timed(() => session.sign({ media, timescale: 8000, duration: 1000 }));
      rounds.push({ sign_ms, sha256_ms, added_bytes: signed.length - media.length });
    }
    const [sign_ms, sha256_ms, added_bytes] = (['sign_ms', 'sha256_ms', 'added_bytes'] as const).map((name) =>
      round(median(rounds.map((one) => one[name]))),
    );
    figures[`segment_kb_${segment_kb}`] = { sign_ms, sha256_ms, added_bytes };
  }
  return { init_ms: round(init_ms), init_added_bytes: session.init.length - init.length, ...figures };
}

/** The samples come last, so their box only has to grow. */
async function appendNoise(path: string, size_mb: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    let last: TopLevelBox | undefined;
    for await (const box of topLevelBoxes(file)) last = box;
    if (last?.type !== 'mdat') throw new Error('the samples must come last');
    const head = Buffer.alloc(4);
    head.writeUInt32BE(last.end - last.start + size_mb * MB);
    await file.write(head, 0, 4, last.start);
    for (let index = 0; index < size_mb; index++) await file.write(randomBytes(MB), 0, MB, last.end + index * MB);
  } finally {
    await file.close();
  }
}

function inFreshProcess(path: string, into: string): Round {
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), path, into], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`a round failed: ${stderr}`);
  return JSON.parse(stdout);
}

function medians(rounds: readonly Round[]): object {
  const [first] = rounds;
  return Object.fromEntries(Object.keys(first ?? {}).map((name) => [name, round(median(rounds.map((one) => one[name as keyof Round])))]));
}

async function measure(path: string, into: string): Promise<Round> {
  const signer = await openDevelopmentSigner(join(into, 'keys'));
  const out_path = join(into, 'signed.mp4');
  const [sha256_ms] = await timed(() => sha256(path));
  const rss_before_mb = process.memoryUsage().rss / MB;
  const gaps = monitorEventLoopDelay({ resolution: 5 });
  gaps.enable();
  const [sign_ms] = await timed(() => signAsset({ signer, source_path: path, mime_type: 'video/mp4', out_path, facts: TEST_FACTS }));
  const [read_ms, { state, failures }] = await timed(() => readManifest(out_path, 'video/mp4', signer.trust_anchors_pem));
  gaps.disable();
  if (state !== 'trusted') throw new Error(`read back, the file is ${state}: ${failures.join()}`);
  const added_bytes = (await bytesIn(out_path)) - (await bytesIn(path));
  const rss_peak_mb = process.resourceUsage().maxRSS / 1024;
  return { sha256_ms, sign_ms, read_ms, rss_before_mb, rss_peak_mb, longest_gap_ms: gaps.max / 1e6, added_bytes };
}

async function timed<T>(work: () => Promise<T>): Promise<[ms: number, result: T]> {
  const began = performance.now();
  const result = await work();
  return [performance.now() - began, result];
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function bytesIn(path: string): Promise<number> {
  return (await stat(path)).size;
}
