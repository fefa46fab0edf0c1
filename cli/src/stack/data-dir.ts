/** The one folder that holds everything of a local stack. Deleting it resets the stack. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorCode, Failure } from '../failure.ts';

export interface DataDir {
  readonly path: string;
  /** D1, R2 and Durable Objects. */
  readonly edge: string;
  readonly queue: string;
  /** Secrets and keys of this installation, readable by its owner only. */
  readonly secrets_file: string;
  readonly lock_file: string;
  readonly workerd_file: string;
  readonly signer: string;
  readonly scratch: string;
  readonly logs: string;
}

/** Known before the folder is made. */
export function lockFileOf(data_dir: string): string {
  return join(resolve(data_dir), 'stack.json');
}

/** Known before the folder is made. */
export function signerDirOf(data_dir: string): string {
  return join(resolve(data_dir), 'signer');
}

/** Makes the folder and proves that it can be written. */
export async function openDataDir(path: string): Promise<DataDir> {
  const root = resolve(path);
  const dir: DataDir = {
    path: root,
    edge: join(root, 'edge'),
    queue: join(root, 'queue'),
    secrets_file: join(root, 'secrets.json'),
    lock_file: lockFileOf(root),
    workerd_file: join(root, 'workerd.json'),
    signer: signerDirOf(root),
    scratch: join(root, 'scratch'),
    logs: join(root, 'logs'),
  };
  try {
    for (const folder of [dir.edge, dir.queue, dir.signer, dir.scratch, dir.logs]) await mkdir(folder, { recursive: true });
    const probe = join(root, `.probe-${process.pid}`);
    await writeFile(probe, Buffer.alloc(64 * 1024));
    await rm(probe);
  } catch (error) {
    throw new Failure(`The data folder ${root} cannot be used: ${reasonOf(error)}. Choose another with --data-dir.`, { cause: error });
  }
  return dir;
}

function reasonOf(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOSPC':
      return 'the disk is full';
    case 'EACCES':
    case 'EPERM':
      return 'it may not be written to';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'it, or a folder above it, is a file';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
