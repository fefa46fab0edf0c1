/** The real edge in workerd, over a folder of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { isSameProcess, type ProcessIdentity } from './process-identity.ts';
import { startStack } from './stack.ts';

describe('a stack without workers', { timeout: 120_000 }, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'everframe-stack-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('keeps key and videos between runs, and ends the workerd of a run that was killed', async () => {
    const data_dir = join(folder, 'data');
    await writeFile(join(folder, 'start.mjs'), START_AND_STAY);
    const killed = spawn(process.execPath, [join(folder, 'start.mjs')], {
      env: { ...process.env, STACK: join(import.meta.dirname, 'stack.ts'), DATA_DIR: data_dir },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: killed.stdout }), 'line')) as [string];
    const { api_key, url } = JSON.parse(line) as { api_key: string; url: string };
    const { id } = await createVideo(url, api_key);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const left: ProcessIdentity[] = JSON.parse(await readFile(join(data_dir, 'workerd.json'), 'utf8'));
    assert.deepEqual(left.map(isSameProcess), [true]);

    const said: string[] = [];
    const stack = await startStack({ data_dir, workers: 0, log: (text) => said.push(text) });
    try {
      assert.deepEqual(left.map(isSameProcess), [false]);
      assert.match(said.join('\n'), /Ended a workerd that an earlier start left running/);
      assert.equal(stack.api_key, api_key);
      const response = await fetch(`${stack.url}/v1/videos/${id}`, { headers: { authorization: `Bearer ${api_key}` } });
      assert.equal(response.status, 200);
      await assert.rejects(startStack({ data_dir, workers: 0 }), new RegExp(`Already running at ${stack.url}`));
      await stack.runCron();
    } finally {
      await stack.stop();
    }
    await stack.stop();
  });
});

/** In a process of its own, which can be killed. */
const START_AND_STAY = `
  const { startStack } = await import(process.env.STACK);
  const { url, api_key } = await startStack({ data_dir: process.env.DATA_DIR, workers: 0 });
  console.log(JSON.stringify({ url, api_key }));
`;

async function createVideo(url: string, api_key: string): Promise<{ id: string }> {
  const headers = { authorization: `Bearer ${api_key}`, 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/videos`, { method: 'POST', headers, body: JSON.stringify({ prompt: 'a boat' }) });
  assert.equal(response.status, 200);
  return (await response.json()) as { id: string };
}
