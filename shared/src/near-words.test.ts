import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearWord, readNearWords } from './near-words.ts';

const NEAR = { corgi: 'dog', crimson: 'red' };

test('a word of the list is replaced in any case, everything else stays as it stands', () => {
  assert.equal(readNearWords("A Corgi's CRIMSON ball, 2 corgi-balls!", NEAR), "A dog's red ball, 2 dog-balls!");
  assert.equal(readNearWords('', NEAR), '');
});

test('a word that only begins or ends like one of the list stays, letters of other scripts belong to their word', () => {
  assert.equal(readNearWords('corgis, decorgi, écorgi, corgiщ', NEAR), 'corgis, decorgi, écorgi, corgiщ');
});

test('names that are built into objects are no words of the list', () => {
  assert.equal(readNearWords('constructor toString', NEAR), 'constructor toString');
  assert.equal(nearWord('constructor', NEAR), undefined);
});
