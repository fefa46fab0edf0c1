/** What is known of a request before a service is started for it. Refusals by the whole program: command-line.test.ts. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { checkRequest } from './check-request.ts';

it('a request that the service would take passes, a model that another may stand in for included', () => {
  checkRequest({ prompt: 'a red ball', seconds: 'endless', size: '128x128', seed: '7' }, true);
  checkRequest({ prompt: 'a red ball', model: 'sora-2', size: '1280x720', seconds: '8' }, true);
  assert.throws(() => checkRequest({ prompt: 'a red ball', model: 'sora-2', seconds: '0' }, true), /--seconds/);
  checkRequest({ prompt: 'a red ball', input_reference: new File([], 'ball.png') }, true);
});

it('what lies beside the packages is none, and a folder that is no package is named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'everframe-packages-'));
  try {
    for (const name of ['.DS_Store', 'notes.txt']) writeFileSync(join(folder, name), 'x');
    mkdirSync(join(folder, '.cache'));
    checkRequest({ prompt: 'a red ball' }, true, folder);
    mkdirSync(join(folder, 'half'));
    const refused = { name: 'Failure', message: /half.model\.json is missing or describes no model package/ };
    assert.throws(() => checkRequest({ prompt: 'a red ball' }, true, folder), refused);
    writeFileSync(join(folder, 'half', 'model.json'), '{');
    assert.throws(() => checkRequest({ prompt: 'a red ball' }, true, folder), refused);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("of another service's models nothing is known", () => {
  checkRequest({ prompt: 'a red ball', model: 'another', size: '640x360', seconds: '7200' }, false);
});
