/** Who may install into a folder. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { removeStaleLock, withFolderLock } from './folder-lock.mjs';

let folder;
let lock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'everframe-folder-lock-'));
  lock = join(folder, 'state', 'install.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('a lock names its owner while the work lasts, and nothing is left of it afterwards', async () => {
  await withFolderLock(lock, async () => assert.equal(readFileSync(join(lock, 'pid'), 'utf8'), String(process.pid)));
  assert.deepEqual(readdirSync(folder), []);
});

it('a lock whose owner was killed is taken over', async () => {
  putLock(endedProcess());
  assert.equal(await withFolderLock(lock, async () => 'done'), 'done');
});

it('an empty lock is taken over', async () => {
  mkdirSync(lock, { recursive: true });
  assert.equal(await withFolderLock(lock, async () => 'done'), 'done');
});

it('a lock whose owner lives survives one that had found an older lock stale', () => {
  putLock(process.pid);
  removeStaleLock(lock);
  assert.equal(readFileSync(join(lock, 'pid'), 'utf8'), String(process.pid));
  assert.deepEqual(readdirSync(join(folder, 'state')), ['install.lock']);
});

it('only its own lock is given back', async () => {
  await withFolderLock(lock, async () => writeFileSync(join(lock, 'pid'), String(process.ppid)));
  assert.ok(existsSync(lock));
});

function putLock(pid) {
  mkdirSync(lock, { recursive: true });
  writeFileSync(join(lock, 'pid'), String(pid));
}

function endedProcess() {
  return spawnSync(process.execPath, ['-e', '']).pid;
}
