/** A worker that cannot even be started. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { startWorkerProcess } from './worker-process.ts';

it('a process that cannot be made is one failure, and its late error event harms nobody', async (t) => {
  const program = process.execPath;
  t.after(() => {
    process.execPath = program;
  });
  process.execPath = '/nowhere/node';
  assert.throws(() => startWorkerProcess({}, () => undefined), /^Failure: The worker could not be started/);
  // The event comes in a later turn; unheard, it would end this file.
  await turn();
});
