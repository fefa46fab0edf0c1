/**
 * A lock that is a folder, since making one is atomic everywhere. It holds its owner's process id, so that a lock
 * whose owner was killed is taken over.
 */
import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const POLL_MS = 300;
/** A lock without an owner's name is this old at most, unless its maker died between the two steps. */
const NAMELESS_MS = 5_000;

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
    rmSync(path, { recursive: true, force: true });
    try {
      rmdirSync(dirname(path));
    } catch {
      // Others keep something there, or have removed it already.
    }
  }
}

function tryLock(path) {
  try {
    mkdirSync(path);
    writeFileSync(join(path, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') mkdirSync(dirname(path), { recursive: true });
    else if (error.code !== 'EEXIST') throw new Error(`The lock ${path} cannot be made: ${error.message}`);
    removeStale(path);
    return false;
  }
}

/** Renames before it removes: of several that find a stale lock, one moves it away. */
function removeStale(path) {
  const owner = ownerOf(path);
  if (owner === undefined ? !isOld(path) : isAlive(owner)) return;
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    rmSync(aside, { recursive: true, force: true });
  } catch {
    // Another waiter was first, or the owner has just ended: the next try tells.
  }
}

function ownerOf(path) {
  try {
    return Number(readFileSync(join(path, 'pid'), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isOld(path) {
  try {
    return Date.now() - statSync(path).mtimeMs > NAMELESS_MS;
  } catch {
    return false;
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
