/** Files too large to be held: checked in one pass, at the edge and at the terminal, with the same verdicts as small ones. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { VERIFY_MAX_BYTES } from '@everframe/shared';
import { type Harness, startHarness } from './harness.ts';
import { enlarge, makeFile, sign } from './signed-file.ts';

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const LARGE_BYTES = VERIFY_MAX_BYTES + 1_000_000;
/** Above what the command hands to its library. */
const VERY_LARGE_BYTES = 65 * 1024 * 1024;

let harness: Harness;
let folder: string;
const at = (name: string) => join(folder, name);
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everframe-large-'));
  harness = await startHarness({ workers: 0, edge_vars: { OUTBOUND_LOOPBACK: 'allow' } });
  const here = { signer_dir: join(harness.stack.data_dir, 'signer'), title: 'A red ball' };
  await makeFile(at('plain.mp4'), 'video/mp4');
  await enlarge(at('plain.mp4'), at('large.mp4'), LARGE_BYTES);
  await enlarge(at('plain.mp4'), at('very-large.mp4'), VERY_LARGE_BYTES);
  await sign(at('large.mp4'), at('ours.mp4'), 'video/mp4', here);
  await sign(at('large.mp4'), at('foreign.mp4'), 'video/mp4', { signer_dir: at('stranger'), title: 'Everframe official' });
  await sign(at('very-large.mp4'), at('very-large-ours.mp4'), 'video/mp4', here);
  for (const name of ['ours.mp4', 'very-large-ours.mp4']) {
    const bytes = await readFile(at(name));
    bytes[bytes.length - 500_000] = 8;
    await writeFile(at(`altered-${name}`), bytes);
  }
});
after(async () => {
  await harness?.stop();
  await rm(folder, { recursive: true, force: true });
});

type Answer = { verdict?: string; bytes?: number; published?: string | null; error?: { code: string } };

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Answer> {
  const authorization = `Bearer ${harness.stack.api_key}`;
  const response = await fetch(`${harness.stack.url}/v1/verify`, { method: 'POST', body, headers: { authorization, ...headers } });
  return (await response.json()) as Answer;
}

const upload = async (name: string) => post(new Uint8Array(await readFile(at(name))), { 'content-type': 'video/mp4' });

it('the edge says of large files what it says of small ones: ours, of a stranger, altered, without a credential', async () => {
  for (const [name, verdict] of [
    ['ours.mp4', 'ours'],
    ['foreign.mp4', 'unknown_signer'],
    ['altered-ours.mp4', 'altered'],
    ['large.mp4', 'no_credential'],
  ] as const) {
    const answer = await upload(name);
    assert.equal(answer.verdict, verdict, JSON.stringify(answer).slice(0, 500));
    assert.equal(answer.bytes, (await stat(at(name))).size);
  }
});

it('a large file at a URL is read as it comes, and one that breaks off is no verdict', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/whole') return createReadStream(at('ours.mp4')).pipe(response);
    response.writeHead(200, { 'content-length': String(LARGE_BYTES) });
    return createReadStream(at('ours.mp4'), { end: VERIFY_MAX_BYTES + 10_000 })
      .on('end', () => request.socket.destroy())
      .pipe(response, { end: false });
  }).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => server.once('listening', resolve));
    const ask = (path: string) => {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
      return post(JSON.stringify({ url }), { 'content-type': 'application/json' });
    };
    assert.equal((await ask('/whole')).verdict, 'ours');
    assert.equal((await ask('/broken')).error?.code, 'url_unreachable');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it('what takes all of a large file at once, as one with two manifests does, is refused and not guessed at', async () => {
  const ours = await readFile(at('ours.mp4'));
  const first = ours.readUInt32BE(0);
  const manifest = ours.subarray(first, first + ours.readUInt32BE(first));
  assert.equal((await post(new Uint8Array(Buffer.concat([ours, manifest])))).error?.code, 'body_too_large');
});

it('the command judges a file that it does not hold', async () => {
  for (const [name, code, words] of [
    ['very-large-ours.mp4', 0, /^Made by this service/],
    ['altered-very-large-ours.mp4', 3, /^ALTERED/],
    ['very-large.mp4', 4, /^No credential/],
  ] as const) {
    const { status, out } = await new Promise<{ status: number; out: string }>((resolve) =>
      execFile(process.execPath, [MAIN, 'verify', '--data-dir', harness.stack.data_dir, at(name)], (error, stdout) =>
        resolve({ status: error ? Number(error.code) : 0, out: stdout }),
      ),
    );
    assert.equal(status, code, out);
    assert.match(out, words);
  }
});
