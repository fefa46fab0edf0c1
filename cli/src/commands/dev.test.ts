import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

test('after its launcher was killed outright, the service comes back on the same port with the same key', async () => {
  const data_dir = await mkdtemp(join(tmpdir(), 'everframe-dev-'));
  const started: ChildProcess[] = [];
  const start = async (port: string) => {
    const child = spawn(process.execPath, [MAIN, 'dev', '--json', '--port', port, '--data-dir', data_dir], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(child);
    let said = '';
    child.stderr.on('data', (part: Buffer) => {
      said += part;
    });
    const [line] = await Promise.race([
      once(createInterface(child.stdout), 'line'),
      once(child, 'exit').then(() => assert.fail(`ended before it was ready: ${said}`)),
    ]);
    return { child, ...(JSON.parse(line) as { url: string; api_key: string }) };
  };
  try {
    // Below the range from which the system hands out ports to others meanwhile.
    const first = await start(String(20_000 + (process.pid % 10_000)));
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const second = await start(new URL(first.url).port);
    assert.deepEqual([second.url, second.api_key], [first.url, first.api_key]);
    second.child.kill('SIGINT');
    assert.deepEqual(await once(second.child, 'exit'), [0, null]);
  } finally {
    for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
    await rm(data_dir, { recursive: true, force: true });
  }
});

test('a start names its steps, then the pages that the service has, and warns where others reach it', async () => {
  const data_dir = await mkdtemp(join(tmpdir(), 'everframe-dev-'));
  const child = spawn(process.execPath, [MAIN, 'dev', '--port', '0', '--host', '0.0.0.0', '--data-dir', data_dir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    let shown = '';
    let said = '';
    child.stdout.on('data', (part: Buffer) => {
      shown += part;
    });
    child.stderr.on('data', (part: Buffer) => {
      said += part;
    });
    while (!said.includes('WARNING')) {
      await Promise.race([once(child.stderr, 'data'), once(child, 'exit').then(() => assert.fail(`it ended: ${said}`))]);
    }
    for (const part of ['queue', 'edge', 'signer', 'worker']) assert.match(said, new RegExp(`Everframe is starting: the ${part}`));
    assert.match(said, /WARNING: port \d+ is open on 0\.0\.0\.0\. Anyone who reaches it with the key can make videos/);
    const [, url] = /Everframe runs at {2}(http:\/\/127\.0\.0\.1:\d+)/.exec(shown) ?? [];
    for (const page of ['/', '/docs', '/watch', '/verify']) {
      assert.match(shown, new RegExp(` ${url}${page} `));
      assert.equal((await fetch(`${url}${page}`)).status, 200, page);
    }
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
    await rm(data_dir, { recursive: true, force: true });
  }
});
