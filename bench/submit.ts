/**
 * `POST /v1/videos` against a bare Hono route with the same store and queue calls. Each variant is a fresh workerd
 * process with its own stores; only the client and the local queue share this process, and both variants pay for them
 * alike. Rounds alternate. Figures: requests per second of ours over the bare route's, and both latencies.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Stack, startStack } from '@everframe/cli/stack';
import { median, quantile, report, round } from './report.ts';

const ROUNDS = 6;
const REQUESTS = 120;
const CONCURRENCY = 4;

const data_dir = await mkdtemp(join(tmpdir(), 'everframe-bench-'));
const everframe = await startStack({ data_dir: join(data_dir, 'everframe'), workers: 0 });
const bare = await startStack({
  data_dir: join(data_dir, 'bare'),
  workers: 0,
  edge_entry: fileURLToPath(new URL('bare-edge.ts', import.meta.url)),
});
try {
  const rates = { everframe: [] as number[], bare: [] as number[] };
  const latencies = { everframe: [] as number[], bare: [] as number[] };
  await load(everframe);
  await load(bare);
  for (let index = 0; index < ROUNDS; index++) {
    const order = index % 2 === 0 ? (['everframe', 'bare'] as const) : (['bare', 'everframe'] as const);
    for (const name of order) {
      const { seconds, latencies_ms } = await load(name === 'everframe' ? everframe : bare);
      rates[name].push(REQUESTS / seconds);
      latencies[name].push(...latencies_ms);
    }
  }
  const side = (name: keyof typeof rates) => ({
    requests_per_second: round(median(rates[name])),
    p50_ms: round(quantile(latencies[name], 0.5)),
    p99_ms: round(quantile(latencies[name], 0.99)),
    rounds: rates[name].map(round),
  });
  report('submit', {
    rate_over_bare_route: round(median(rates.everframe.map((rate, index) => rate / (rates.bare[index] ?? Number.NaN)))),
    everframe: side('everframe'),
    bare: side('bare'),
    requests: REQUESTS,
    concurrency: CONCURRENCY,
  });
} finally {
  await Promise.all([everframe.stop(), bare.stop()]);
  await rm(data_dir, { recursive: true, force: true });
}

async function load(stack: Stack): Promise<{ seconds: number; latencies_ms: number[] }> {
  const latencies_ms: number[] = [];
  let sent = 0;
  const began = performance.now();
  const client = async () => {
    while (sent < REQUESTS) {
      sent++;
      const asked = performance.now();
      const response = await fetch(`${stack.url}/v1/videos`, {
        method: 'POST',
        headers: { authorization: `Bearer ${stack.api_key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: 'a red balloon rises over the sea', seconds: 4 }),
      });
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
      await response.arrayBuffer();
      latencies_ms.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, client));
  return { seconds: (performance.now() - began) / 1000, latencies_ms };
}
