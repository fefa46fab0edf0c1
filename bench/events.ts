/**
 * How long after a worker's call every open event stream of one video has heard of it. The readers and the worker's hand are
 * this process, on the machine that runs the edge: their work is in the figures.
 * Options: --readers (streams at once; several measure one after the other), --rounds (calls for each).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stack, startStack } from '@everframe/cli/stack';
import { EVENT_READERS_MAX } from '@everframe/shared';
import { readNumbers, single } from './options.ts';
import { median, quantile, report, round } from './report.ts';

const { readers: reader_counts, rounds } = readNumbers({ readers: [100, 1000], rounds: [20] });

const data_dir = await mkdtemp(join(tmpdir(), 'everframe-bench-'));
const stack = await startStack({ data_dir, workers: 0, edge_vars: { LEASE_SECONDS: '3600' } });
try {
  const figures: unknown[] = [];
  for (const count of reader_counts) figures.push(await measure(stack, count, single('rounds', rounds)));
  report('events', { fan_out: figures });
} finally {
  await stack.stop();
  await rm(data_dir, { recursive: true, force: true });
}

async function measure({ url, api_key, worker_token }: Stack, count: number, rounds: number): Promise<unknown> {
  const post = async (path: string, key: string, body: unknown): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  };
  const { id } = await post('/v1/videos', api_key, { prompt: 'a red balloon rises over the sea' });
  const abort = new AbortController();
  const heard: ((at_ms: number) => void)[] = [];
  for (let reader = 0; reader < count; reader++) {
    // An address may be read so many times at once; each life makes another one.
    const expires_in_seconds = 3600 + Math.floor(reader / EVENT_READERS_MAX.reader);
    const { url: stream } = await post(`/v1/videos/${id}/stream_url`, api_key, { expires_in_seconds });
    const response = await fetch(String(stream).replace('stream.m3u8', 'events'), { signal: abort.signal });
    if (!response.ok || !response.body) throw new Error(`reader ${reader}: ${response.status} ${await response.text()}`);
    const first = new Promise<number>((resolve) => (heard[reader] = resolve));
    void listen(response, (at_ms) => heard[reader]?.(at_ms));
    await first;
  }

  const delays: number[] = [];
  const calls: number[] = [];
  for (let index = 0; index < rounds; index++) {
    const everyone = Promise.all(Array.from({ length: count }, (_, reader) => new Promise<number>((resolve) => (heard[reader] = resolve))));
    const began = performance.now();
    const is_claim = index % 2 === 0;
    const epoch = Math.floor(index / 2) + 1;
    await post(
      `/internal/v1/videos/${id}/${is_claim ? 'claim' : 'release'}`,
      worker_token,
      is_claim ? { worker_id: 'bench' } : { epoch, reason: 'shutdown' },
    );
    calls.push(performance.now() - began);
    for (const at_ms of await everyone) delays.push(at_ms - began);
  }
  abort.abort();
  return {
    readers: count,
    rounds,
    delay_p50_ms: round(quantile(delays, 0.5)),
    delay_p99_ms: round(quantile(delays, 0.99)),
    call_p50_ms: round(median(calls)),
  };
}

/** Tells when each event of what happens from now on arrives. */
async function listen({ body }: Response, tell: (at_ms: number) => void): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const part of body ?? []) if (decoder.decode(part).includes('event: ')) tell(performance.now());
  } catch {
    // Broken off by us, at the end.
  }
}
