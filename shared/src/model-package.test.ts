import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ModelPackage } from './model-package.ts';

const EXAMPLE = JSON.parse(readFileSync(join(import.meta.dirname, 'model-package.example.json'), 'utf8'));

test('the example is a package description, and nothing in it is ignored', () => {
  assert.deepEqual(ModelPackage.parse(EXAMPLE), EXAMPLE);
});

test('a package may do without a refiner', () => {
  const { refiner: _, ...files } = EXAMPLE.files;
  assert.equal(ModelPackage.parse({ ...EXAMPLE, refiner: null, files }).refiner, null);
});

test('blending is exact and no text is read where nothing else is asked for', () => {
  const { blending: _blending, reads_text: _reads_text, ...refiner } = EXAMPLE.refiner;
  assert.deepEqual(ModelPackage.parse({ ...EXAMPLE, refiner }).refiner, { ...refiner, blending: 'exact', reads_text: false });
});

test('a field that is missing is named', () => {
  const { fps: _, ...rest } = EXAMPLE;
  assert.deepEqual(ModelPackage.safeParse(rest).error?.issues[0]?.path, ['fps']);
});
