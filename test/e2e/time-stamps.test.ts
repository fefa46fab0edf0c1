/** A video that was made while no time-stamp authority answered: published without one, and time-stamped by the service itself once one does. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readManifest } from '@everframe/gpu-worker/read-manifest';
import { startTestAuthority, type TestAuthority } from '@everframe/gpu-worker/test-time-stamp-server';
import { type Harness, startHarness } from './harness.ts';
import { verify } from './independent-verifier.ts';

let authority: TestAuthority;
let harness: Harness;
before(async () => {
  authority = await startTestAuthority();
  harness = await startHarness({
    edge_vars: { RESTAMP_AFTER_SECONDS: '1', INVISIBLE_MARK: 'off' },
    worker_env: { EVERFRAME_TIME_STAMP_URLS: authority.url },
  });
});
after(async () => {
  await harness?.stop();
  await authority?.close();
});

it('is published without a time-stamp while the authority is away, and has one when it is back, under the same manifest', async () => {
  authority.behaviour = 'status 500';
  const { id } = await harness.client.videos.create({ prompt: 'a red ball', seconds: '4' });
  await harness.finished(id);
  const before = await harness.download(id);
  const plain = await read(before);
  assert.deepEqual([plain.state, plain.time_stamp], ['trusted', undefined]);
  const asked = authority.requests;
  while (authority.requests < asked + 2) await sleep(100);
  assert.deepEqual(await harness.download(id), before);

  authority.behaviour = 'right';
  let now = before;
  while (now.equals(before)) {
    await sleep(200);
    now = await harness.download(id);
  }
  const stamped = await read(now);
  assert.equal(stamped.state, 'trusted');
  assert.equal(stamped.manifest_label, plain.manifest_label);
  assert.ok(stamped.time_stamp);
  assert.equal((await verify(now, 'video/mp4', await harness.trustAnchors())).state, 'Trusted');

  const headers = { authorization: `Bearer ${harness.stack.api_key}` };
  const answer = await fetch(`${harness.stack.url}/v1/videos/${id}/provenance`, { headers });
  const { sha256 } = (await answer.json()) as { sha256: string };
  assert.equal(sha256, createHash('sha256').update(now).digest('hex'));
  const path = await harness.save(await harness.download(id, 'thumbnail'));
  assert.ok((await readManifest(path, 'image/jpeg', await harness.trustAnchors())).time_stamp);
});

async function read(bytes: Buffer) {
  return readManifest(await harness.save(bytes), 'video/mp4', await harness.trustAnchors());
}
