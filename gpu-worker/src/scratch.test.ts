import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { openScratch } from './scratch.ts';

const OURS = `everframe-worker-${hostname()}-`;

test("only folders of this host's dead workers are removed", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'everframe-scratch-'));
  t.after(() => rm(dir, { recursive: true }));
  const { pid: dead } = spawnSync(process.execPath, ['--version']);
  const kept = [
    `${OURS}${process.ppid}`,
    `${OURS}`,
    `${OURS}notes`,
    `${OURS}1e3`,
    `${OURS}-${dead}`,
    `everframe-worker-elsewhere-${dead}`,
    `worker-${dead}`,
    'worker-notes',
  ];
  for (const name of [...kept, `${OURS}${dead}`]) await mkdir(join(dir, name));
  const own = await openScratch(dir);
  assert.equal(basename(own), `${OURS}${process.pid}`);
  assert.deepEqual((await readdir(dir)).sort(), [...kept, basename(own)].sort());
});

test('a folder with our own process id is a dead worker of an earlier container, and is emptied', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'everframe-scratch-'));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(await openScratch(dir), 'segment-0.m4s'), 'left over');
  assert.deepEqual(await readdir(await openScratch(dir)), []);
});
