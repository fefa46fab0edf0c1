/** A stack whose edge is open to other machines: what of it they reach, and what they don't. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { childrenOf } from './process-identity.ts';
import { type Stack, startStack } from './stack.ts';

const ADMIN_TOKEN = 'the-admin-token-of-this-test-has-32-characters';
/** As another machine reaches this one. */
const address = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe('an open stack', { timeout: 120_000, skip: address === undefined && 'this machine has no address but loopback' }, () => {
  let folder: string;
  let stack: Stack;
  let url: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'everframe-open-'));
    const edge_vars = { ADMIN_TOKEN, PUBLIC_URL: 'https://videos.example.com' };
    stack = await startStack({ data_dir: join(folder, 'data'), workers: 0, host: '0.0.0.0', edge_vars });
    url = `http://${address}:${new URL(stack.url).port}`;
  });
  after(async () => {
    await stack?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const post = (path: string, key: string | undefined, body: unknown): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
      body: JSON.stringify(body),
    });

  it('makes videos for who has a key, with links that begin with its public address', async () => {
    assert.equal((await post('/v1/videos', undefined, { prompt: 'a red ball' })).status, 401);
    const created = await post('/v1/videos', stack.api_key, { prompt: 'a red ball' });
    assert.equal(created.status, 200);
    const { id } = (await created.json()) as { id: string };
    const stream = (await (await post(`/v1/videos/${id}/stream_url`, stack.api_key, {})).json()) as { url: string };
    assert.ok(stream.url.startsWith(`https://videos.example.com/v1/videos/${id}/stream.m3u8?token=`), stream.url);
    const job = (await (await fetch(`${url}/api/v1/videos/${id}`, { headers: { authorization: `Bearer ${stack.api_key}` } })).json()) as {
      polling_url: string;
    };
    assert.equal(job.polling_url, `https://videos.example.com/api/v1/videos/${id}`);
  });

  it("keeps its workers' and its operator's routes behind their tokens, and has none of the runtime's own", async () => {
    for (const path of ['/internal/v1/videos/video_1/claim', '/internal/v1/videos/video_1/complete', '/admin/v1/accounts']) {
      for (const key of [undefined, stack.api_key]) assert.equal((await post(path, key, {})).status, 401, path);
    }
    assert.equal((await fetch(`${url}/internal/v1/assets/videos/1/a`, { method: 'PUT', body: 'x' })).status, 403);
    for (const path of ['/cdn-cgi/mf/scheduled', '/cdn-cgi/handler/scheduled', '/cdn-cgi/explorer']) {
      assert.equal((await fetch(`${url}${path}`)).status, 404, path);
    }
  });

  it('does not reach for others what else runs on this machine', async () => {
    const response = await post('/v1/webhook_endpoints', stack.api_key, {
      name: 'inside',
      url: stack.queue.endpoint,
      event_types: ['video.completed'],
    });
    const { error } = (await response.json()) as { error: { param: string } };
    assert.deepEqual([response.status, error.param], [400, 'url']);
  });

  it('opens that one port; queue, stores and all else listen on loopback', async (t) => {
    if (process.platform !== 'linux') return t.skip('only Linux tells who listens where');
    const open = (await listening()).filter((local) => !local.startsWith('0100007F:'));
    assert.deepEqual(open, [`00000000:${Number(new URL(stack.url).port).toString(16).toUpperCase().padStart(4, '0')}`]);
  });
});

/** Local addresses, as the kernel writes them, on which this process and its children listen. */
async function listening(): Promise<string[]> {
  const pids = [process.pid, ...childrenOf(process.pid)];
  const links = await Promise.all(
    pids.map(async (pid) => Promise.all((await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))),
  );
  const inodes = new Set(links.flat().flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')));
  const rows = tables.flatMap((table) => table.trim().split('\n').slice(1)).map((row) => row.trim().split(/\s+/));
  return rows.flatMap(([, local = '', , state, , , , , , inode = '']) => (state === '0A' && inodes.has(inode) ? [local] : []));
}
