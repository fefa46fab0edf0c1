/**
 * A folder of this process's own for files in the making. Those of this host's workers that died are removed at the
 * next start; other hosts may share the disk, and only they know which of theirs are alive.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** @returns path of an empty folder below `dir` */
export async function openScratch(dir: string): Promise<string> {
  const prefix = `everframe-worker-${hostname()}-`;
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) {
    const pid = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    if (/^[1-9]\d*$/.test(pid) && !isOthers(Number(pid))) await rm(join(dir, name), { recursive: true, force: true });
  }
  const own = join(dir, `${prefix}${process.pid}`);
  await mkdir(own);
  return own;
}

/** Whether another living process has this id. In a container ids repeat, so a folder with our own is a dead worker's. */
function isOthers(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Only this says that there is none: the process may be another user's, and the number too large for any.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
