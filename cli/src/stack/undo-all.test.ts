/** How a stack comes down. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { undoAll } from './undo-all.ts';

it('steps run last first, and one that fails stops none', async () => {
  const done: string[] = [];
  const fails = async () => {
    throw new Error('the edge hangs');
  };
  await assert.rejects(undoAll([() => done.push('lock'), fails, () => done.push('workers')]), /^Error: the edge hangs$/);
  assert.deepEqual(done, ['workers', 'lock']);
});

it('all errors are told', async () => {
  const fail = (reason: string) => () => Promise.reject(new Error(reason));
  await assert.rejects(undoAll([fail('queue'), fail('edge')]), { name: 'AggregateError', message: /edge.*queue/ });
});
