import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Behaviour, startTestAuthority } from './test-time-stamp-server.ts';
import { timeStampInTurn } from './time-stamp.ts';

const first = await startTestAuthority('RSA');
const second = await startTestAuthority('ECDSA');
after(() => Promise.all([first.close(), second.close()]));
const BYTES = Buffer.from('a signature');

test('the first authority is asked, and the second only if the first gives nothing', async () => {
  first.behaviour = 'right';
  second.requests = 0;
  const { time_stamp, faults } = await timeStampInTurn([first.url, second.url], BYTES);
  assert.equal(time_stamp?.authority, first.url, faults.join('\n'));
  assert.ok(Math.abs((time_stamp?.at.getTime() ?? 0) - Date.now()) < 60_000);
  assert.deepEqual(faults, []);
  assert.equal(second.requests, 0);
});

const MISBEHAVIOURS: [Behaviour, RegExp][] = [
  ['refuses', /refused with the PKI status 2/],
  ['other imprint', /TSTInfo verification is failed/],
  ['other nonce', /answers another request/],
  ['broken signature', /signature does not verify/],
  ['wrong purpose', /is not for time-stamping/],
  ['wrong time', /its time is .*, 3[56]\d\d s from ours/],
  ['garbage', /ASN\.1|TimeStampResp/],
  ['status 500', /status 500/],
  ['too long', /larger than 65536 bytes/],
  ['hangs up', /fetch failed/],
];
for (const [behaviour, fault] of MISBEHAVIOURS) {
  test(`an authority that misbehaves is passed over: ${behaviour}`, async () => {
    first.behaviour = behaviour;
    const { time_stamp, faults } = await timeStampInTurn([first.url, second.url], BYTES);
    assert.equal(time_stamp?.authority, second.url, faults.join('\n'));
    assert.equal(faults.length, 1);
    assert.ok(faults[0]?.startsWith(`${first.url}: `));
    assert.match(faults[0] ?? '', fault);
  });
}

test('where none answers there is no time-stamp, and each is named', async () => {
  first.behaviour = 'status 500';
  const gone = await startTestAuthority();
  await gone.close();
  const { time_stamp, faults } = await timeStampInTurn([first.url, gone.url], BYTES);
  assert.equal(time_stamp, undefined);
  assert.deepEqual(
    faults.map((fault) => fault.slice(0, fault.indexOf(': '))),
    [first.url, gone.url],
  );
});
