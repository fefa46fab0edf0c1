/** What is left of a download that did not end. The name asked for is never half a file: the end-to-end tests. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';

it('a process that ends at once in the middle of saving leaves nothing', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'everframe-save-'));
  const server = createServer((_, response) => void response.writeHead(200).write('half of a video'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let child: ChildProcess | undefined;
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // As a second Ctrl-C does (interrupt.ts), once the first bytes are on the disk.
    const program = `
      import { readdirSync } from 'node:fs';
      import { ApiClient } from '${new URL('api-client.ts', import.meta.url).href}';
      import { saveFile } from '${new URL('save-file.ts', import.meta.url).href}';
      const client = new ApiClient({ url: '${url}', api_key: 'k' }, new AbortController().signal);
      saveFile(client, 'video_1', 'video', ${JSON.stringify(join(folder, 'video.mp4'))});
      setInterval(() => readdirSync(${JSON.stringify(folder)}).some((name) => name.endsWith('.part')) && process.exit(130), 20);
    `;
    child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
    const [code] = await once(child, 'exit');
    assert.equal(code, 130);
    assert.deepEqual(await readdir(folder), []);
  } finally {
    child?.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  }
});
