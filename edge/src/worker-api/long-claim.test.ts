/** What a worker is told that goes on with the longest video there is. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ClaimAnswer, ENDLESS_SECONDS, FINGERPRINT_MAX_SECONDS, type GrowingFingerprint } from '@everframe/shared';
import { wholeFingerprint } from '@everframe/shared/mark';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { prepare } from '../testing/worker.ts';

let edge: TestEdge;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '60' });
});
after(() => edge?.close());

/** A segment of every second; what its object has of it is what a commit stored. */
const SEGMENTS = ENDLESS_SECONDS.max;

test('a claim tells of every segment which files it is, and of the fingerprint what it amounts to', async (t) => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const prepared = await prepare(edge, claim, video_id, 0);
  const means = Array.from({ length: 64 }, (_, area) => (area * area * 37) % 4081);
  const luma_cells = [0, 1].map((cell) => ({ cell, frames: 4, means: means.map((mean) => (mean * (cell + 1)) % 4081) }));
  const segment = { ...prepared.segment, luma_cells };
  const { status, body } = await edge.call(video_id, 'commit', { epoch: 1, parent: null, ...prepared, segment });
  assert.equal(status, 200, JSON.stringify(body));
  await edge.call(video_id, 'release', { epoch: 1, reason: 'shutdown' });

  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: video_id });
  await storage.exec(`
    WITH RECURSIVE more (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM more WHERE i < ${SEGMENTS - 1})
    INSERT INTO commits SELECT i, json_set(segment, '$.chunk_index', i, '$.first_frame', i * 8,
      '$.luma_cells[0].cell', 2 * i, '$.luma_cells[1].cell', 2 * i + 1), checkpoint FROM commits, more`);
  const asked_at_ms = performance.now();
  const answer = await edge.call(video_id, 'claim', { worker_id: 'worker-2' });
  t.diagnostic(`${Math.round(performance.now() - asked_at_ms)} ms for the claim of ${SEGMENTS} segments`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body).slice(0, 500));
  const { segments, fingerprint } = answer.body as unknown as Pick<ClaimAnswer, 'segments'> & { fingerprint: GrowingFingerprint };
  assert.equal(segments.length, SEGMENTS);
  assert.ok(segments.every((told) => !('luma_cells' in told || 'latents' in told)));
  assert.equal(wholeFingerprint(fingerprint).length, FINGERPRINT_MAX_SECONDS);
  assert.equal(fingerprint.cells.length, 2, 'of the last second that has one');
  const bytes = JSON.stringify(answer.body).length / SEGMENTS;
  assert.ok(bytes < 700, `${bytes} bytes of a claim for each segment`);
});
