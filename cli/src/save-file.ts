/** A file of a finished video on the disk, whole or not at all. */
import { rmSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ApiClient } from './api-client.ts';
import { Failure } from './failure.ts';

/** Under a temporary name first: the name asked for never stands for half a file. Makes the folders that are missing. */
export async function saveFile(client: ApiClient, id: string, variant: 'video' | 'thumbnail', path: string): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  const drop = () => rmSync(part, { force: true });
  // A second Ctrl-C ends the process where it stands.
  process.on('exit', drop);
  try {
    await mkdir(dirname(path), { recursive: true });
    await client.download(id, variant, part);
    await rename(part, path);
  } catch (error) {
    drop();
    if (error instanceof Failure || !(error instanceof Error) || error.name === 'AbortError') throw error;
    throw new Failure(`The ${variant} of ${id} could not be saved as ${path}: ${error.message}.`, { cause: error });
  } finally {
    process.off('exit', drop);
  }
}
