/** Lockfiles that npm 11 refuses. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { missingFromLock } from './missing-from-lock.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'everframe-lockfile-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('an optional package without an entry is named with who asks for it', () => {
  const esbuild = { optionalDependencies: { 'esbuild-linux': '1', 'esbuild-darwin': '1' } };
  assert.deepEqual(missing({ '': {}, 'node_modules/esbuild': esbuild, 'node_modules/esbuild-linux': {} }), [
    'esbuild-darwin (of node_modules/esbuild)',
  ]);
});

it("an entry counts in the asker's own folder and in every one above", () => {
  const asker = { optionalDependencies: { own: '1', above: '1' } };
  const packages = { '': {}, 'node_modules/a/node_modules/b': asker, 'node_modules/a/node_modules/b/node_modules/own': {} };
  assert.deepEqual(missing({ ...packages, 'node_modules/above': {} }), []);
  assert.deepEqual(missing(packages), ['above (of node_modules/a/node_modules/b)']);
});

function missing(packages) {
  const path = join(folder, 'package-lock.json');
  writeFileSync(path, JSON.stringify({ packages }));
  return missingFromLock(path);
}
