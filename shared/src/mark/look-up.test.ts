/** What is said of pictures without a credential, by what a service answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FINGERPRINT_ALG, MARK_ALG } from './index.ts';
import { type Ask, lookUp, recoveryText } from './look-up.ts';

const MARK = 'e0c0eb3df860';
const HASHES = ['f0'.repeat(12), '0f'.repeat(12)];

/** A service that knows these values, by their algorithm. */
function service(known: Readonly<Record<string, string>>): { ask: Ask; asked: string[] } {
  const asked: string[] = [];
  const ask: Ask = async (path, init) => {
    if (!init) return new Response('', { status: 200 });
    const { alg, value } = JSON.parse(init.body) as { alg: string; value: string };
    asked.push(alg);
    const matches = known[alg] === Buffer.from(value, 'base64').toString('hex') ? [{ manifestId: 'urn:c2pa:a', similarityScore: 97 }] : [];
    return Response.json(path.endsWith('byBinding') ? { matches } : {});
  };
  return { ask, asked };
}

test('a mark that leads nowhere is no end: the fingerprint is asked about too', async () => {
  const { ask, asked } = service({ [FINGERPRINT_ALG]: HASHES.join('') });
  const found = await lookUp({ mark: MARK, hashes: HASHES }, ask);
  assert.deepEqual(asked, [MARK_ALG, FINGERPRINT_ALG]);
  assert.deepEqual(found, { found_by: 'fingerprint', mark: MARK, manifest_id: 'urn:c2pa:a', similarity: 97, manifest: 'present' });
  const [sentence = ''] = recoveryText(found);
  assert.match(sentence, new RegExp(`${MARK}.*no finished video.*97 of 100`));
  assert.doesNotMatch(sentence, /no mark/);
});

test('where neither leads anywhere, nothing is claimed of who gave the mark out', async () => {
  const nothing = await lookUp({ mark: MARK, hashes: HASHES }, service({}).ask);
  assert.ok(nothing);
  assert.deepEqual([nothing.found_by, nothing.manifest_id, nothing.manifest], ['mark', null, 'unknown']);
  assert.match(recoveryText(nothing).join(' '), /not finished/);
  assert.equal(await lookUp({ mark: null, hashes: HASHES }, service({}).ask), null);
});

test('a mark that is known needs no fingerprint, and one second is not asked about', async () => {
  const marked = service({ [MARK_ALG]: MARK });
  assert.equal((await lookUp({ mark: MARK, hashes: HASHES }, marked.ask))?.found_by, 'mark');
  assert.deepEqual(marked.asked, [MARK_ALG]);
  const short = service({});
  assert.equal(await lookUp({ mark: null, hashes: HASHES.slice(1) }, short.ask), null);
  assert.deepEqual(short.asked, []);
});
