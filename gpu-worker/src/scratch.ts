/** A folder of this process's own for files in the making. Those of workers that died are removed at the next start. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const PREFIX = 'worker-';

/** @returns path of an empty folder below `dir` */
export async function openScratch(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) {
    if (name.startsWith(PREFIX) && !isOthers(Number(name.slice(PREFIX.length))))
      await rm(join(dir, name), { recursive: true, force: true });
  }
  const own = join(dir, `${PREFIX}${process.pid}`);
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
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
