/** The page that people read, docs/api.md, against the document that programs read. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERROR_KINDS, type ErrorCode } from '@everframe/shared';
import { OPERATIONS } from './document.ts';
import { errorsOf } from './operation.ts';

const PAGE = await readFile(join(import.meta.dirname, '../../../docs/api.md'), 'utf8');
const UNNAMED = unname(PAGE);
const TABLE = PAGE.slice(PAGE.indexOf('## Errors'));

test('every refusal of a public route stands in the table of errors, in the row of its status', () => {
  const rows = [...TABLE.matchAll(/^\| ([\d, ]+) \| (.+) \|$/gm)].map(([, statuses = '', codes = '']) => ({
    statuses: statuses.split(', ').map(Number),
    codes: [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => code as ErrorCode),
  }));
  for (const { statuses, codes } of rows) {
    for (const code of codes) assert.ok(statuses.includes(ERROR_KINDS[code]?.status), `${code} in the row of ${statuses}`);
  }
  const told = new Set(rows.flatMap(({ codes }) => codes));
  const refused = new Set(OPERATIONS.filter(({ path }) => path.startsWith('/v1/')).flatMap((operation) => errorsOf(operation)));
  assert.deepEqual(
    [...refused].filter((code) => !told.has(code)),
    [],
  );
});

test('every public route is named', () => {
  const missing = OPERATIONS.map(({ path }) => path).filter((path) => path.startsWith('/v1/') && !mentions(path));
  assert.deepEqual(missing, []);
});

/** By any name of its parameters, or by its beginning in a row for a family of routes. */
function mentions(path: string): boolean {
  const family = /^\/v1\/webhook_endpoints|^\/v1\/webhook_event_types/.exec(path)?.[0];
  return UNNAMED.includes(unname(path)) || (family !== undefined && PAGE.includes(family));
}

function unname(text: string): string {
  return text.replaceAll(/\{\w+\}/g, '{}');
}
