/**
 * Tells one sentence when the disk fills up, in place of the many lines that workerd then writes. Nothing that the
 * edge has acknowledged is lost; it goes on from there once there is room.
 */
import { Failure } from '../failure.ts';

/** What SQLite, workerd and the system say of a full disk. */
const DISK_FULL = /SQLITE_FULL|SQLITE_IOERR_SHMSIZE|No space left on device|ENOSPC/;

export interface DiskWatch {
  /** Whether a line is worth telling: none is once the disk is full. */
  readonly passes: (line: string) => boolean;
  readonly is_full: boolean;
}

/** @param onFull called once */
export function watchDisk(folder: string, onFull: (failure: Failure) => void): DiskWatch {
  let is_full = false;
  return {
    passes(line) {
      if (is_full) return false;
      is_full = DISK_FULL.test(line);
      if (is_full) onFull(diskFull(folder));
      return !is_full;
    },
    get is_full() {
      return is_full;
    },
  };
}

export function diskFull(folder: string, cause?: unknown): Failure {
  return new Failure(`The disk that holds ${folder} is full. Free some space and start again.`, { cause });
}
