/** Who may run a stack on a data folder. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { identify } from './process-identity.ts';
import { findRunningStack, lockStack, removeStaleLock } from './stack-lock.ts';

describe('the lock of a data folder', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'everframe-lock-'));
    file = join(folder, 'stack.json');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('tells a second stack where the first answers', () => {
    const lock = lockStack(file, 'dev');
    assert.throws(() => lockStack(file, 'dev'), /Already starting/);
    lock.announce('http://127.0.0.1:8787', 'ef_live_key');
    assert.throws(() => lockStack(file, 'dev'), /Already running at http:\/\/127\.0\.0\.1:8787/);
    assert.equal(findRunningStack(file)?.api_key, 'ef_live_key');
    lock.release();
    assert.equal(findRunningStack(file), undefined);
    lockStack(file, 'dev').release();
  });

  it('is readable by its owner only, since it holds a key', { skip: process.platform === 'win32' && 'no modes on Windows' }, () => {
    const lock = lockStack(file, 'dev');
    lock.announce('http://127.0.0.1:8787', 'ef_live_key');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    lock.release();
  });

  it('says that a video is being made when that is what the other stack is for', () => {
    const lock = lockStack(file, 'generate');
    lock.announce('http://127.0.0.1:8787', 'ef_live_key');
    assert.throws(() => lockStack(file, 'dev'), /A video is being made/);
    lock.release();
  });

  it('is taken over from a process that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const dead = identify(child.pid ?? 0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    writeFileSync(file, JSON.stringify({ ...dead, purpose: 'dev', url: 'http://127.0.0.1:1' }));
    assert.equal(findRunningStack(file), undefined);
    lockStack(file, 'dev').release();
  });

  it('is taken over where another program was given the dead process its id', () => {
    writeFileSync(file, JSON.stringify({ pid: process.pid, started: 'long ago', purpose: 'dev', url: 'http://127.0.0.1:1' }));
    assert.equal(findRunningStack(file), undefined);
    lockStack(file, 'dev').release();
  });

  it('is announced in a file of its own, so that no reader meets half of one', () => {
    const lock = lockStack(file, 'dev');
    const reader = openSync(file, 'r');
    lock.announce('http://127.0.0.1:8787', 'ef_live_key');
    assert.equal(JSON.parse(readFileSync(reader, 'utf8')).url, undefined);
    closeSync(reader);
    assert.equal(findRunningStack(file)?.url, 'http://127.0.0.1:8787');
    lock.release();
  });

  it('of a running stack survives one that had found an older lock stale', () => {
    const lock = lockStack(file, 'dev');
    removeStaleLock(file);
    assert.equal(findRunningStack(file)?.pid, process.pid);
    lock.release();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('of another stack is not released', () => {
    const lock = lockStack(file, 'dev');
    const other = JSON.stringify({ ...identify(process.ppid), purpose: 'dev' });
    writeFileSync(file, other);
    lock.release();
    assert.equal(readFileSync(file, 'utf8'), other);
  });

  it('is taken over when half a file was written', () => {
    writeFileSync(file, '{"pid": 12');
    const lock = lockStack(file, 'dev');
    assert.equal(JSON.parse(readFileSync(file, 'utf8')).pid, process.pid);
    lock.release();
    assert.equal(existsSync(file), false);
  });
});
