/** What a service states of the files that it published: whose statement is recorded, who can read it, and when it goes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PublicationFacts, publicationRecord, publicationToSign } from '@everframe/shared';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { until } from '../testing/until.ts';
import { commitChunks, finalAssets } from '../testing/worker.ts';

let edge: TestEdge;
let visitor = 0;
before(async () => {
  edge = await startEdge({ DNS_RESOLVER_URL: '' });
});
after(async () => edge?.close());

/** Each call as another visitor. */
function list(manifest_id: string): Promise<Response> {
  visitor += 1;
  return edge.request(`/v1/publications/${manifest_id}`, { headers: { 'cf-connecting-ip': `198.51.100.${visitor}` } });
}

/** Completes a video with a statement of it. @param change in what is stated */
async function complete(change: Partial<PublicationFacts> = {}) {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(edge, claim, video_id, 0, 2);
  const files = await finalAssets(edge, claim, video_id);
  const manifest_id = `urn:c2pa:${video_id}`;
  const facts: PublicationFacts = {
    ...{ version: 1, video_id, manifest_id, sha256: files.video.sha256, bytes: files.video.bytes, media_type: 'video/mp4' },
    ...{ model: 'a model', model_version: '1.0.0', model_sha256: 'ab'.repeat(32), iat: 1_790_000_000, ...change },
  };
  // Whether a signature holds is for those who read it: here are neither certificates nor roots.
  const publication = publicationRecord(publicationToSign(facts, ['AA==']), new Uint8Array(64));
  const credential = { manifest_id, mark: null, fingerprint: [] };
  const answer = await edge.call(video_id, 'complete', { epoch: claim.epoch, parent, ...files, credential, publication });
  return { video_id, manifest_id, facts, publication, ...answer };
}

test('what was stated of a published file is there for everyone, and for its owner, until the video is deleted', async () => {
  const { video_id, manifest_id, facts, publication, status } = await complete();
  assert.equal(status, 200);
  const found = await until('recorded', async () => {
    const response = await list(manifest_id);
    const { data } = (await response.json()) as { data: object[] };
    return data.length > 0 && data;
  });
  const { manifest_id: of, sha256, bytes, model, model_version, model_sha256, iat: published_at } = facts;
  const stated = { manifest_id: of, sha256, bytes, model, model_version, model_sha256, published_at };
  assert.deepEqual(found, [{ object: 'publication', ...stated, record: publication }]);

  await edge.asOwner(`/v1/videos/${video_id}`, { method: 'DELETE' });
  await until('forgotten', async () => ((await (await list(manifest_id)).json()) as { data: object[] }).data.length === 0);
});

test('a statement of another file, of another video, or none at all is not recorded', async () => {
  for (const change of [{ sha256: 'f'.repeat(64) }, { bytes: 7 }, { video_id: 'video_other' }]) {
    const { status, body } = await complete(change);
    const { code, param } = body.error as { code: string; param: string };
    assert.deepEqual([status, code, param], [400, 'invalid_value', 'publication']);
  }
});

test('of a manifest that nothing was published under nothing is stated, and what is no name of one is unknown', async () => {
  assert.deepEqual(await (await list('urn:c2pa:none')).json(), { object: 'list', data: [] });
  assert.equal((await list('no-name-of-a-manifest')).status, 404);
});
