/** A file of a finished video on the disk, whole or not at all. */
import { rmSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ApiClient } from './api-client.ts';
import { Failure } from './failure.ts';

/** Under a temporary name first: the name asked for never stands for half a file. Makes the folders that are missing. */
export async function saveFile(client: ApiClient, id: string, variant: 'video' | 'thumbnail', path: string): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await client.download(id, variant, part);
    await rename(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    if (error instanceof Failure || !(error instanceof Error) || error.name === 'AbortError') throw error;
    throw new Failure(`The ${variant} of ${id} could not be saved as ${path}: ${error.message}.`, { cause: error });
  }
}
