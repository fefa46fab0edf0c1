import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure } from '../failure.ts';
import { watchDisk } from './disk-watch.ts';

test('a full disk is told once, in one sentence, and the lines that follow from it are left out', () => {
  const lines: string[] = [];
  const failures: Failure[] = [];
  const disk = watchDisk(
    '/data',
    (line) => lines.push(line),
    (failure) => failures.push(failure),
  );
  disk.log('edge warn: something else');
  disk.log('edge error: database or disk is full: SQLITE_FULL');
  disk.log('edge error: overloaded: No space left on device (os error 28)');
  disk.log('edge error: internal error');
  assert.deepEqual(lines, ['edge warn: something else']);
  assert.deepEqual(
    failures.map(({ message }) => message),
    ['The disk that holds /data is full. Free some space and start again.'],
  );
  assert.equal(disk.is_full, true);
});
