/** A worker that ends before it is ready. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { startWorkerProcess } from './worker-process.ts';

it('a process that cannot be made is one failure, and its late error event harms nobody', async (t) => {
  const program = process.execPath;
  t.after(() => {
    process.execPath = program;
  });
  process.execPath = '/nowhere/node';
  assert.throws(() => startWorkerProcess({}, () => undefined), /^Failure: The worker could not be started/);
  // The event comes in a later turn; unheard, it would end this file.
  await turn();
});

it('what passes through the heap of the worker does not make it larger', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'everframe-heap-'));
  t.after(() => rm(folder, { recursive: true }));
  // Half of what is young lives on for a while, which is what V8 takes more space for.
  const script = `
    import { writeFileSync } from 'node:fs';
    import { getHeapSpaceStatistics } from 'node:v8';
    let kept = [];
    for (let index = 0; index < 1e6; index++) {
      kept.push({ index });
      if (kept.length === 1e5) kept = kept.slice(5e4);
    }
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    writeFileSync(${JSON.stringify(join(folder, 'young.json'))}, JSON.stringify(young));`;
  await writeFile(join(folder, 'churn.mjs'), script);
  const options = `${process.env.NODE_OPTIONS ?? ''} --import=${join(folder, 'churn.mjs')}`;
  const worker = startWorkerProcess({ NODE_OPTIONS: options, EVERFRAME_PROVIDER: 'none' }, () => undefined);
  await worker.exited;
  const young = JSON.parse(await readFile(join(folder, 'young.json'), 'utf8'));
  assert.ok(young.space_size <= 4 * 2 ** 20, `${young.space_size} bytes for young objects`);
});
