/** Which Node will do. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runsTypeScript } from './ensure-node.mjs';

it('a Node that strips types without a flag will do, an older one will not', () => {
  for (const version of ['22.18.0', '22.20.1', '23.6.0', '24.0.0', '25.1.0']) assert.ok(runsTypeScript(version), version);
  for (const version of ['18.20.0', '20.19.0', '22.17.1', '23.5.0']) assert.ok(!runsTypeScript(version), version);
});
