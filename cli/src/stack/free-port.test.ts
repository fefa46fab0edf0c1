/** Which port a stack gets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { it } from 'node:test';
import { choosePort } from './free-port.ts';

it('a port that was asked for and is taken is refused by number', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await assert.rejects(
    choosePort(port, () => assert.fail('nothing to say')),
    new RegExp(`Port ${port} is taken`),
  );
  other.close();
});

it('port 0 is left to the system', async () => {
  assert.equal(await choosePort(0, () => assert.fail('nothing to say')), 0);
});

it('without a port asked for, one that is free is found, and another than the usual is said aloud', async () => {
  const said: string[] = [];
  const port = await choosePort(undefined, (line) => said.push(line));
  assert.ok(port >= 8787);
  assert.equal(said.length, port === 8787 ? 0 : 1);
});
