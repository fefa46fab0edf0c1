/** A worker that ends before it is ready. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { assertYoungHeapStaysSmall } from '@everframe/gpu-worker/test-young-heap';
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

it('what passes through the heap of the worker does not make it larger', () =>
  assertYoungHeapStaysSmall(
    (node_options) => startWorkerProcess({ NODE_OPTIONS: node_options, EVERFRAME_PROVIDER: 'none' }, () => undefined).exited,
  ));
