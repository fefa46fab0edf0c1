/** What an edit is made of, what it refuses, and that nothing is shared with the video that it begins from. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type ClaimAnswer, sourceKey, videoPrefix } from '@everframe/shared';
import OpenAI from 'openai';
import { PACKAGES } from '../catalogue.ts';
import { type EdgeWithQueue, startEdgeWithQueue } from '../testing/edge-with-queue.ts';
import { refusalOf } from '../testing/refusal-of.ts';
import { commitChunks, completedVideo, finalAssets } from '../testing/worker.ts';

const OLD_VERSION = new RegExp(`version 0\\.9\\.0 .* ${PACKAGES[0]?.version} is served now`);

let edge: EdgeWithQueue;
let client: OpenAI;

before(async () => {
  edge = await startEdgeWithQueue({ LEASE_SECONDS: '60' });
  client = new OpenAI({ baseURL: `${edge.address}v1`, apiKey: edge.key.text, maxRetries: 0 });
});
after(() => edge?.close());

type View = OpenAI.Video & Record<string, unknown>;

const edit = (id: string, fields: object = {}) =>
  client.videos.edit({ video: { id }, prompt: 'a blue ball', ...fields }) as unknown as Promise<View>;

async function sourceOf(claim: ClaimAnswer): Promise<string> {
  assert.ok(claim.source);
  const response = await edge.request(`/internal/v1/assets/${claim.source.key}`, { headers: { authorization: `Ticket ${claim.ticket}` } });
  const bytes = await response.bytes();
  assert.equal(createHash('sha256').update(bytes).digest('hex'), claim.source.sha256);
  assert.equal(bytes.length, claim.source.bytes);
  return Buffer.from(bytes).toString();
}

async function complete(id: string, claim: ClaimAnswer, chunks: number): Promise<void> {
  const parent = await commitChunks(edge, claim, id, claim.segments.length, chunks);
  const request = { epoch: claim.epoch, parent, ...(await finalAssets(edge, claim, id)) };
  assert.equal((await edge.call(id, 'complete', request)).status, 200);
}

test('an edit has the length, size and seed of its parent, its own prompt, and the latents of every chunk under a key of its own', async () => {
  const { video_id, claim: parent } = await completedVideo(edge);
  const edited = await edit(video_id, { strength: 0.5 });
  assert.deepEqual([edited.seconds, edited.size, edited.seed], ['1', '128x128', parent.command.seed]);
  assert.deepEqual([edited.prompt, edited.edited_from_video_id, edited.strength], ['a blue ball', video_id, 0.5]);
  assert.deepEqual([edited.remixed_from_video_id, edited.extended_from_video_id, edited.status], [null, null, 'queued']);
  assert.deepEqual(edited.usage, { estimated_micro_usd: 1000, charged_micro_usd: null });
  assert.equal((await edge.queue.messages(edited.id, 1)).length, 1);

  const claim = await edge.claim(edited.id);
  assert.deepEqual(claim.command.edits, { video_id, strength: 0.5 });
  assert.deepEqual([claim.parent, claim.segments, claim.checkpoint], [null, [], null]);
  assert.deepEqual([claim.lineage?.kind, claim.lineage?.video_id], ['edited', video_id]);
  assert.equal(claim.source?.key, sourceKey(edited.id));
  assert.equal(await sourceOf(claim), 'latents 0latents 1');
});

test('it is made although its parent is deleted, is charged as a create, and can be edited, remixed and made longer in turn', async () => {
  const { video_id } = await completedVideo(edge);
  const { id, strength } = await edit(video_id);
  assert.equal(strength, 0.75);
  await client.videos.delete(video_id);
  const claim = await edge.claim(id);
  assert.equal(await sourceOf(claim), 'latents 0latents 1');
  await complete(id, claim, 2);
  assert.deepEqual((await edge.view(id)).usage, { estimated_micro_usd: 1000, charged_micro_usd: 1000 });

  const again = await edge.claim((await edit(id, { prompt: 'a green ball' })).id);
  assert.deepEqual(again.command.edits, { video_id: id, strength: 0.75 });
  assert.equal(await sourceOf(again), 'latents 0latents 1');
  const remix = await edge.claim((await client.videos.remix(id, { prompt: 'a green ball' })).id);
  assert.deepEqual([remix.command.edits, remix.lineage?.kind, remix.source], [undefined, 'remixed', null]);

  const longer = (await client.videos.extend({ video: { id }, prompt: 'a green ball', seconds: '1' as '4' })) as unknown as View;
  assert.deepEqual([longer.extended_from_video_id, longer.edited_from_video_id, longer.strength], [id, null, null]);
  const longer_claim = await edge.claim(longer.id);
  assert.deepEqual([longer_claim.command.edits, longer_claim.lineage?.kind, longer_claim.source], [undefined, 'extended', null]);
  await complete(longer.id, longer_claim, 4);
  const of_extension = await edit(longer.id);
  assert.deepEqual([of_extension.seconds, of_extension.frames, of_extension.segments], ['2', { done: 0, total: 16 }, []]);
  const last = await edge.claim(of_extension.id);
  assert.equal(last.command.continues, undefined);
  assert.equal(await sourceOf(last), 'latents 0latents 1latents 2latents 3', 'inherited chunks are edited too');
});

test('JSON does what a form does, and a repeated request makes one video', async () => {
  const { video_id } = await completedVideo(edge);
  const headers = { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() };
  const send = (fields: object) => {
    const body = JSON.stringify({ video: { id: video_id }, prompt: 'a blue ball', strength: 0.25, ...fields });
    return edge.asOwner('/v1/videos/edits', { method: 'POST', headers, body });
  };
  const first = (await (await send({})).json()) as View;
  assert.deepEqual([first.edited_from_video_id, first.strength], [video_id, 0.25]);
  const again = await send({});
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  const replayed = (await again.json()) as View;
  assert.deepEqual([replayed.id, replayed.strength], [first.id, 0.25]);
  assert.equal((await send({ strength: 0.5 })).status, 422);
  assert.equal((await send({ video: { id: (await completedVideo(edge)).video_id } })).status, 422);
});

test('an edit is steered while it waits, as any video is', async () => {
  const { video_id } = await completedVideo(edge);
  const { id } = await edit(video_id);
  const response = await edge.asOwner(`/v1/videos/${id}/prompts`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ prompt: 'a green ball' }),
  });
  assert.equal(response.status, 202, await response.text());
  assert.equal((await edge.claim(id)).directives?.length, 1);
});

test('an edit is refused with its rule, and nothing is stored for it', async () => {
  const { video_id } = await completedVideo(edge);
  const waiting = await edge.create();
  const failed = await edge.create();
  assert.equal((await edge.asOwner(`/v1/videos/${failed}/cancel`, { method: 'POST' })).status, 200);
  const changed = async (sql: string) => {
    const { video_id: name } = await completedVideo(edge);
    await (await edge.worker.getDurableObjectStorage('VIDEO', { name })).exec(sql);
    return name;
  };
  const old = await changed("UPDATE video SET command = json_set(command, '$.model_version', '0.9.0')");
  const long = await changed("UPDATE video SET command = json_set(command, '$.seconds', 601)");
  const without = await changed("UPDATE commits SET segment = json_remove(segment, '$.latents') WHERE chunk_index = 1");
  const file = (text: string) => new File([text], 'a.mp4', { type: 'video/mp4' });
  const videos = (await edge.worker.listDurableObjectIds('VIDEO')).length;

  const cases: readonly [object, number, string, string | null, RegExp][] = [
    [{ video: undefined }, 400, 'missing_required_parameter', 'video', /"video": \{"id"/],
    [{ video: { id: 'video_1' } }, 404, 'video_not_found', 'video_id', /video_1/],
    [{ video: { id: waiting } }, 409, 'video_not_ready', null, /queued/],
    [{ video: { id: failed } }, 409, 'video_failed', null, /cancelled/],
    [{ video: { id: old } }, 400, 'unsupported_operation', 'video', OLD_VERSION],
    [{ video: { id: long } }, 400, 'invalid_value', 'video', /601 s long; .* up to 600 s/],
    [{ video: { id: without } }, 400, 'unsupported_operation', 'video', /made before .* Remix it/],
    [{ video: file('no film at all') }, 400, 'unsupported_file', 'video', /no MP4/],
    [{ video: file('\0\0\0\x10ftypisom\0\0\0\0') }, 400, 'unsupported_file', 'video', /made here/],
    [{ prompt: undefined }, 400, 'missing_required_parameter', 'prompt', /prompt/],
    [{ prompt: 'a naked child' }, 400, 'moderation_blocked', 'prompt', /safety/],
    [{ strength: 1.1 }, 400, 'invalid_value', 'strength', /from 0, .* to 1, .*; got "1\.1"/],
    [{ strength: '-0.5' }, 400, 'invalid_value', 'strength', /from 0/],
    [{ strength: 'much' }, 400, 'invalid_value', 'strength', /got "much"/],
    [{ seconds: 8 }, 400, 'unknown_parameter', 'seconds', /as in the video/],
    [{ segments: [{ start: 7, prompt: 'a' }] }, 400, 'invalid_value', 'segments[0].start', /is 7 s/],
    [{ strict: 'maybe' }, 400, 'invalid_value', 'strict', /true or false/],
  ];
  for (const [fields, status, code, param, message] of cases) {
    const refused = await refusalOf(edit(video_id, fields));
    assert.deepEqual([refused.status, refused.code, refused.param], [status, code, param], JSON.stringify(fields));
    assert.match(refused.message, message);
  }
  assert.equal((await edge.worker.listDurableObjectIds('VIDEO')).length, videos);
});

test('a video of another account is unknown', async () => {
  const { video_id } = await completedVideo(edge);
  const stranger = new OpenAI({ baseURL: `${edge.address}v1`, apiKey: (await edge.addKey('account_b')).text, maxRetries: 0 });
  const { status, code } = await refusalOf(stranger.videos.edit({ video: { id: video_id }, prompt: 'a' }));
  assert.deepEqual([status, code], [404, 'video_not_found']);
});

test('a video whose latents are gone or altered is not edited', async () => {
  const key = (video_id: string) => `${videoPrefix(video_id)}1/latents-1.bin`;
  const gone = (await completedVideo(edge)).video_id;
  await edge.env.MEDIA.delete(key(gone));
  assert.equal((await refusalOf(edit(gone))).code, 'video_not_found');
  const altered = (await completedVideo(edge)).video_id;
  await edge.env.MEDIA.put(key(altered), 'latents 7');
  assert.equal((await refusalOf(edit(altered))).code, 'video_not_found');
});
