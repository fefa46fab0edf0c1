import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeaseAnswer } from '@everframe/shared';
import { type EdgeClient, EdgeError } from './edge-client.ts';
import { Lease, LeaseLost } from './lease.ts';

const VIDEO_ID = `video_${'0'.repeat(32)}`;

test('a lease beats before it runs out, carries the newest ticket, and stops when ended', async () => {
  const edge = edgeThat((count) => ({ lease_seconds: 0.3, ticket: `ticket ${count}` }));
  const lease = new Lease(edge, VIDEO_ID, { epoch: 1, lease_seconds: 0.3, ticket: 'ticket 0' }, Date.now());
  await edge.beats(3);
  assert.equal(lease.signal.aborted, false);
  assert.equal(lease.ticket, 'ticket 2');
  lease.end();
  const { count } = edge;
  await edge.nothingFor(300);
  assert.equal(edge.count, count);
});

test('a refused beat loses the lease at once', async () => {
  const edge = edgeThat(() => new EdgeError('lease_lost', 'another worker has claimed this video'));
  const lease = new Lease(edge, VIDEO_ID, { epoch: 1, lease_seconds: 0.3, ticket: 't' }, Date.now());
  await aborted(lease.signal);
  assert.ok(lease.signal.reason instanceof LeaseLost);
  assert.equal(edge.count, 1);
});

test('an edge that is away loses the lease only when its time has run out', async () => {
  const edge = edgeThat(() => new EdgeError('unreachable', 'the edge did not answer'));
  const claimed_at_ms = Date.now();
  const lease = new Lease(edge, VIDEO_ID, { epoch: 1, lease_seconds: 0.4, ticket: 't' }, claimed_at_ms);
  await aborted(lease.signal);
  assert.ok(Date.now() - claimed_at_ms >= 400);
  // At 133 ms, then a sixth of the lease apart: an edge in trouble is not asked without a breath.
  assert.ok(edge.count >= 2 && edge.count <= 6, `tried ${edge.count} times`);
});

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
}

/** An edge of which only `beat` is asked, answering or throwing what `answer` gives for each call. */
function edgeThat(answer: (count: number) => LeaseAnswer | EdgeError) {
  const never = () => Promise.reject(new Error('only beats are expected'));
  let wake: () => void = () => undefined;
  const edge = {
    count: 0,
    async beat(): Promise<LeaseAnswer> {
      const outcome = answer(edge.count++);
      wake();
      if (outcome instanceof EdgeError) throw outcome;
      return outcome;
    },
    async beats(count: number): Promise<void> {
      while (edge.count < count) await new Promise<void>((resolve) => (wake = resolve));
      // The beat's answer reaches the lease one turn of the event loop later.
      await new Promise((resolve) => setImmediate(resolve));
    },
    nothingFor: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
    claim: never,
    commit: never,
    complete: never,
    fail: never,
    release: never,
    restamp: never,
    restamped: never,
    upload: never,
    download: never,
  };
  return edge satisfies EdgeClient;
}
