import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regroup } from './bracket-fields.ts';

test('a member that comes again begins the next element', () => {
  const { elements, others } = regroup('segments', [
    ['prompt', 'a'],
    ['segments[][start]', '1'],
    ['segments[][prompt]', 'b'],
    ['segments[][start]', '2'],
    ['segments[][prompt]', 'c'],
    ['segments[][anchor]', 'keep'],
    ['seed', '7'],
  ]);
  assert.deepEqual(elements, [
    { start: '1', prompt: 'b' },
    { start: '2', prompt: 'c', anchor: 'keep' },
  ]);
  assert.deepEqual(others, [
    ['prompt', 'a'],
    ['seed', '7'],
  ]);
});

test('elements with an index stand in its order, in whatever order they come', () => {
  const { elements } = regroup('segments', [
    ['segments[10][start]', '3'],
    ['segments[1][prompt]', 'b'],
    ['segments[1][start]', '1'],
  ]);
  assert.deepEqual(elements, [{ prompt: 'b', start: '1' }, { start: '3' }]);
});

test('what is no member of an element stays a field, and a name of the prototype is only a name', () => {
  const fields = [
    ['segments', '[]'],
    ['segments[]', 'x'],
    ['segments[a][start]', '1'],
    ['segments[][a][b]', '1'],
    ['other[][start]', '1'],
  ] as const;
  assert.deepEqual(regroup('segments', fields), { elements: [], others: [...fields] });
  const { elements } = regroup('segments', [['segments[][__proto__]', 'x']]);
  assert.deepEqual(Object.keys(elements[0] ?? {}), ['__proto__']);
  assert.deepEqual(
    regroup('segments', [
      ['segments[0][start]', '1'],
      ['segments[0][start]', '2'],
    ]).elements,
    [{ start: ['1', '2'] }],
  );
});
