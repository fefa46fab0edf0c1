/**
 * A lock that is a folder with its owner's process id in it. It is moved into place, which succeeds only where none
 * is, so a lock is never seen without its owner; one whose owner was killed is taken over.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const POLL_MS = 300;

/** Waits for the lock, runs `work`, gives the lock back. */
export async function withFolderLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!tryLock(path)) {
    if (!told) console.error(`Another start is installing packages here (process ${ownerOf(path) ?? 'unknown'}); waiting for it ...`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  try {
    return await work();
  } finally {
    if (ownerOf(path) === process.pid) rmSync(path, { recursive: true, force: true });
    try {
      rmdirSync(dirname(path));
    } catch {
      // Others keep something there, or have removed it already.
    }
  }
}

function tryLock(path) {
  const draft = asideOf(path);
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, 'pid'), String(process.pid));
  try {
    renameSync(draft, path);
    return true;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Windows calls a taken name EPERM.
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code)) throw new Error(`The lock ${path} cannot be made: ${error.message}`);
    if (!isHeld(path)) removeStaleLock(path);
    return false;
  }
}

/**
 * Moves the lock away and looks at it there: since the caller found it stale, a faster one may have put its own in
 * its place, and that one goes back.
 */
export function removeStaleLock(path) {
  const aside = asideOf(path);
  try {
    renameSync(path, aside);
    if (isHeld(aside)) renameSync(aside, path);
  } catch {
    // Another waiter was first, or the owner has just ended: the next try tells.
  }
  rmSync(aside, { recursive: true, force: true });
}

function asideOf(path) {
  return `${path}.${randomUUID()}`;
}

function isHeld(path) {
  const owner = ownerOf(path);
  return owner !== undefined && isAlive(owner);
}

function ownerOf(path) {
  try {
    return Number(readFileSync(join(path, 'pid'), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
