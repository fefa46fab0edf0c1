/**
 * Checking a signed MP4 of `--megabytes 5,50,500,2000`: time and memory of the reference reader (c2pa-node, by path), of the command, of the
 * edge by upload and by URL, and of the page in Chromium where there is one. The first two are fresh processes; of the edge it is workerd, of the
 * page the browser's process that has it, before the file and at most. The file is a video with zeros behind its samples, which are hashed like them.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, openAsBlob } from 'node:fs';
import { mkdtemp, open, readFile, rm, truncate } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Stack, startStack } from '@everframe/cli/stack';
import { checkManifest } from '../cli/src/check-manifest.ts';
import { openDevelopmentSigner } from '../gpu-worker/src/provenance/development-signer.ts';
import { readManifest } from '../gpu-worker/src/provenance/read-manifest.ts';
import { signAsset } from '../gpu-worker/src/provenance/sign-asset.ts';
import { makeTestVideo, TEST_FACTS } from '../gpu-worker/src/provenance/test-asset.ts';
import { topLevelBoxes } from '../gpu-worker/src/provenance/top-level-boxes.ts';
import { measurePage, sampleMemory } from '../verify-page/measure-page.ts';
import { readNumbers } from './options.ts';
import { report, round } from './report.ts';

const MB = 1_000_000;

interface Figures {
  readonly verdict: string | null;
  readonly ms: number;
  readonly rss_before_mb: number;
  readonly rss_peak_mb: number;
}

const ALONE = ['reference', 'command'] as const;
const [way, path, roots_path] = process.argv.slice(2);
if ((way === 'reference' || way === 'command') && path && roots_path) console.log(JSON.stringify(await readAlone(way, path, roots_path)));
else await compare(readNumbers({ megabytes: [5, 50, 500, 2000] }).megabytes);

async function compare(sizes: readonly number[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'everframe-bench-'));
  const stack = await startStack({ data_dir: join(folder, 'data'), workers: 0, edge_vars: { OUTBOUND_LOOPBACK: 'allow' } });
  try {
    const small = await makeTestVideo(folder);
    const figures: Record<string, object> = {};
    for (const megabytes of sizes) {
      const file = await signedFile(small, megabytes, stack, folder);
      const ways: Record<string, Figures | undefined> = {};
      for (const name of ALONE) ways[name] = inFreshProcess(name, file, stack.root_certificate_path);
      ways.edge_upload = await measureEdge(stack, async () => ({ body: await openAsBlob(file), headers: { 'content-type': 'video/mp4' } }));
      ways.edge_url = await measureUrl(stack, file);
      ways.page = await measurePage(stack.url, file);
      figures[`mb_${megabytes}`] = Object.fromEntries(Object.entries(ways).map(([name, one]) => [name, one && short(one)]));
      console.error(JSON.stringify({ megabytes, ...(figures[`mb_${megabytes}`] as object) }));
      await rm(file);
    }
    report('verify', figures);
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Signed by the stack's own chain. The samples come last, so their box only has to grow. */
async function signedFile(small: string, megabytes: number, stack: Stack, folder: string): Promise<string> {
  const [source_path, out_path] = [join(folder, 'source.mp4'), join(folder, 'signed.mp4')];
  const bytes = await readFile(small);
  const file = await open(source_path, 'w+');
  try {
    await file.write(bytes);
    let mdat = 0;
    for await (const box of topLevelBoxes(file)) if (box.type === 'mdat') mdat = box.start;
    bytes.writeUInt32BE(bytes.length - mdat + megabytes * MB);
    await file.write(bytes, 0, 4, mdat);
  } finally {
    await file.close();
  }
  await truncate(source_path, bytes.length + megabytes * MB);
  const signer = await openDevelopmentSigner(join(stack.data_dir, 'signer'));
  await signAsset({ signer, source_path, mime_type: 'video/mp4', out_path, facts: TEST_FACTS });
  await rm(source_path);
  return out_path;
}

function inFreshProcess(name: string, file: string, roots: string): Figures {
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), name, file, roots], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
  return JSON.parse(stdout);
}

async function readAlone(name: (typeof ALONE)[number], file: string, roots: string): Promise<Figures> {
  const own_roots_pem = await readFile(roots, 'utf8');
  const rss_before_mb = process.memoryUsage().rss / 1024 / 1024;
  const began = performance.now();
  const verdict =
    name === 'reference'
      ? (await readManifest(file, 'video/mp4', own_roots_pem)).state
      : (await checkManifest(file, 'video/mp4', { own_roots_pem, trust_list_pem: '' })).verdict;
  // Not getrusage: its most is at least what the process had that started this one.
  const [, peak] = /VmHWM:\s+(\d+)/.exec(await readFile('/proc/self/status', 'utf8')) ?? [];
  return { verdict, ms: performance.now() - began, rss_before_mb, rss_peak_mb: Number(peak) / 1024 };
}

async function measureUrl(stack: Stack, file: string): Promise<Figures> {
  const server = createServer((_, response) => createReadStream(file, { highWaterMark: MB }).pipe(response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return await measureEdge(stack, async () => ({ body: JSON.stringify({ url }), headers: { 'content-type': 'application/json' } }));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function measureEdge(stack: Stack, ask: () => Promise<{ body: Blob | string; headers: Record<string, string> }>): Promise<Figures> {
  const recorded: { pid: number }[] = JSON.parse(await readFile(join(stack.data_dir, 'workerd.json'), 'utf8'));
  const memory = sampleMemory(recorded.map(({ pid }) => pid));
  const { body, headers } = await ask();
  const began = performance.now();
  const response = await fetch(`${stack.url}/v1/verify`, {
    method: 'POST',
    body,
    headers: { ...headers, authorization: `Bearer ${stack.api_key}` },
  });
  const { verdict = null, ...others } = (await response.json()) as { verdict?: string; error?: object };
  const ms = performance.now() - began;
  if (!verdict) console.error(JSON.stringify(others));
  return { verdict, ms, ...(await memory.end()) };
}

function short({ verdict, ms, rss_before_mb, rss_peak_mb }: Figures): object {
  return { verdict, ms: round(ms), rss_before_mb: Math.round(rss_before_mb), rss_peak_mb: Math.round(rss_peak_mb) };
}
