import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure } from '../failure.ts';
import { watchDisk } from './disk-watch.ts';

test('a full disk is told once, in one sentence, and the lines that follow from it are left out', () => {
  const failures: Failure[] = [];
  const disk = watchDisk('/data', (failure) => failures.push(failure));
  const lines = [
    'something else',
    'database or disk is full: SQLITE_FULL',
    'overloaded: No space left on device (os error 28)',
    'internal error',
  ];
  assert.deepEqual(lines.filter(disk.passes), ['something else']);
  assert.deepEqual(
    failures.map(({ message }) => message),
    ['The disk that holds /data is full. Free some space and start again.'],
  );
  assert.equal(disk.is_full, true);
});
