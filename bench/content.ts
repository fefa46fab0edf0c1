/**
 * Bytes a second of `GET /v1/videos/{id}/content` against a bare Hono route that reads the same object from the same store. Each
 * variant is a fresh workerd process; the client is this process, and both pay for it alike. Rounds alternate.
 * Options: --megabytes (of the file), --requests (in a round, one after the other), --rounds.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Stack, startStack } from '@everframe/cli/stack';
import { type Asset, type ClaimAnswer, checkpointKey, finalKey, initKey, segmentKey, thumbnailKey } from '@everframe/shared';
import { readNumbers, single } from './options.ts';
import { median, report, round } from './report.ts';

const given = readNumbers({ megabytes: [32], requests: [8], rounds: [8] });
const [megabytes, requests, rounds] = [
  single('megabytes', given.megabytes),
  single('requests', given.requests),
  single('rounds', given.rounds),
];
const file = new Uint8Array(megabytes * 1_000_000).map((_, index) => (index * 2_654_435_761) >>> 24);

const data_dir = await mkdtemp(join(tmpdir(), 'everframe-bench-'));
const everframe = await startStack({ data_dir: join(data_dir, 'everframe'), workers: 0, edge_vars: { LEASE_SECONDS: '600' } });
const bare = await startStack({
  data_dir: join(data_dir, 'bare'),
  workers: 0,
  edge_entry: fileURLToPath(new URL('bare-edge.ts', import.meta.url)),
});
try {
  const sides = {
    everframe: { address: await finishedVideo(everframe), authorization: `Bearer ${everframe.api_key}`, rates: [] as number[] },
    bare: { address: await storedObject(bare), authorization: 'none', rates: [] as number[] },
  };
  for (const side of Object.values(sides)) await read(side);
  for (let index = 0; index < rounds; index++) {
    const order = index % 2 === 0 ? (['everframe', 'bare'] as const) : (['bare', 'everframe'] as const);
    for (const name of order) sides[name].rates.push(await read(sides[name]));
  }
  const { everframe: ours, bare: theirs } = sides;
  const figures = ({ rates }: { rates: number[] }) => ({ megabytes_per_second: round(median(rates)), rounds: rates.map(round) });
  report('content', {
    rate_over_bare_route: round(median(ours.rates.map((rate, index) => rate / (theirs.rates[index] ?? Number.NaN)))),
    everframe: figures(ours),
    bare: figures(theirs),
    ...{ megabytes, requests },
  });
} finally {
  await Promise.all([everframe.stop(), bare.stop()]);
  await rm(data_dir, { recursive: true, force: true });
}

/** @returns megabytes a second */
async function read({ address, authorization }: { address: string; authorization: string }): Promise<number> {
  const began = performance.now();
  for (let request = 0; request < requests; request++) {
    const response = await fetch(address, { headers: { authorization } });
    let bytes = 0;
    for await (const part of response.body ?? []) bytes += part.length;
    if (response.status !== 200 || bytes !== file.length) throw new Error(`${address}: ${response.status}, ${bytes} bytes`);
  }
  return (requests * file.length) / 1000 / (performance.now() - began);
}

async function storedObject({ url }: Stack): Promise<string> {
  const address = `${url}/v1/videos/the-file/content`;
  const response = await fetch(address, { method: 'PUT', body: file });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return address;
}

/** A video that this process finishes as a worker would, with that file. */
async function finishedVideo({ url, api_key, worker_token }: Stack): Promise<string> {
  const post = async <T>(path: string, token: string, body: object): Promise<T> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const { id } = await post<{ id: string }>('/v1/videos', api_key, { prompt: 'a red balloon rises over the sea', seconds: 1 });
  const call = <T>(name: string, body: object) => post<T>(`/internal/v1/videos/${id}/${name}`, worker_token, body);
  const { epoch, ticket, command } = await call<ClaimAnswer>('claim', { worker_id: 'bench' });
  const upload = async (key: string, bytes: Uint8Array<ArrayBuffer> = new TextEncoder().encode(key)): Promise<Asset> => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const headers = { authorization: `Ticket ${ticket}`, 'x-content-sha256': sha256 };
    const response = await fetch(`${url}/internal/v1/assets/${key}`, { method: 'PUT', headers, body: bytes });
    if (!response.ok) throw new Error(`${key}: ${response.status} ${await response.text()}`);
    return { key, sha256, bytes: bytes.length };
  };
  const [init, media] = [await upload(initKey(id, epoch, 0)), await upload(segmentKey(id, epoch, 0))];
  const segment = { chunk_index: 0, first_frame: 0, frames: command.frames, init, media, encoder: 'wasm' };
  const checkpoint = await upload(checkpointKey(id, epoch, 0));
  const { commit_id } = await call<{ commit_id: string }>('commit', { epoch, parent: null, segment, checkpoint });
  const thumbnail = await upload(thumbnailKey(id, epoch));
  await call('complete', { epoch, parent: commit_id, video: await upload(finalKey(id, epoch), file), thumbnail });
  return `${url}/v1/videos/${id}/content`;
}
