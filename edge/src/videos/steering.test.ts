/** Prompts for videos that are being made: what the owner is told, what the worker is asked, and when its answers count. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ClaimAnswer, type Directive, type DirectiveAnswer, LIVE_PROMPTS_MAX } from '@everframe/shared';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { commitChunks, completedVideo, finalAssets, prepare } from '../testing/worker.ts';

interface PromptView {
  readonly id: string;
  readonly prompt: string;
  readonly status: string;
  readonly takes_effect: { frame: number; seconds: number; chunk: number } | null;
  readonly refusal: { code: string } | null;
}

let edge: TestEdge;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '60' });
});
after(() => edge?.close());

function post(video_id: string, fields: object, headers: Record<string, string> = {}) {
  return edge.asOwner(`/v1/videos/${video_id}/prompts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(fields),
  });
}

async function steer(video_id: string, fields: object, headers: Record<string, string> = {}): Promise<PromptView> {
  const response = await post(video_id, fields, headers);
  assert.equal(response.status, 202, await response.clone().text());
  return (await response.json()) as PromptView;
}

async function refused(video_id: string, fields: object, status: number, code: string, headers: Record<string, string> = {}) {
  const response = await post(video_id, fields, headers);
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  assert.deepEqual([response.status, error.code], [status, code], error.message);
}

async function prompts(video_id: string): Promise<PromptView[]> {
  const response = await edge.asOwner(`/v1/videos/${video_id}/prompts`);
  return ((await response.json()) as { data: PromptView[] }).data;
}

async function statuses(video_id: string) {
  return (await prompts(video_id)).map(({ status, takes_effect, refusal }) => [status, takes_effect?.frame ?? refusal?.code ?? null]);
}

const idsOf = (directives: readonly Directive[] = []) => directives.map(({ id }) => id);

/** Commits chunk `chunk_index` of 4 frames with answers. */
async function commit(claim: ClaimAnswer, video_id: string, parent: string | null, chunk_index: number, answers: DirectiveAnswer[]) {
  const prepared = await prepare(edge, claim, video_id, chunk_index);
  const request = { epoch: claim.epoch, parent, ...prepared, answers };
  const { status, body } = await edge.call(video_id, 'commit', request);
  assert.equal(status, 200, JSON.stringify(body));
  return { commit_id: String(body.commit_id), directives: body.directives as Directive[] | undefined, request };
}

const accepted = (id: string, start_frame: number): DirectiveAnswer => {
  const chunk_index = Math.ceil(start_frame / 8);
  return { id, outcome: 'accepted', start_frame, applied_frame: 8 * chunk_index, chunk_index };
};

test('a prompt comes with every answer until a commit answers it, and is applied with the chunk that obeys it', async () => {
  const video_id = await edge.create({ prompt: 'a red ball', seconds: 4 });
  const claim = await edge.claim(video_id);
  const sent = await steer(video_id, { prompt: 'a blue ball', anchor: 'keep', blend: '2' });
  assert.deepEqual([sent.status, sent.takes_effect, sent.refusal], ['pending', null, null]);
  const live = { start_frame: null, prompt: 'a blue ball', anchor: 'keep', blend_chunks: 2 };
  for (let i = 0; i < 2; i++) {
    const { body } = await edge.call(video_id, 'beat', { epoch: 1 });
    assert.deepEqual(body.directives, [{ type: 'prompt', id: sent.id, prompt: live }]);
  }
  const first = await commit(claim, video_id, null, 0, []);
  assert.deepEqual(idsOf(first.directives), [sent.id]);
  const second = await commit(claim, video_id, first.commit_id, 1, [accepted(sent.id, 16)]);
  assert.equal(second.directives, undefined, 'it is answered');
  assert.deepEqual(await statuses(video_id), [['scheduled', 16]]);
  assert.deepEqual((await edge.call(video_id, 'commit', second.request)).body.commit_id, second.commit_id, 'the same commit again');
  let parent = second.commit_id;
  for (const chunk_index of [2, 3, 4]) ({ commit_id: parent } = await commit(claim, video_id, parent, chunk_index, []));
  const [view] = await prompts(video_id);
  assert.deepEqual([view?.status, view?.takes_effect], ['applied', { frame: 16, seconds: 2, chunk: 2 }]);
});

test('whoever resumes a video gets the prompts that a commit stored in its command, and is asked the others again', async () => {
  const video_id = await edge.create({ prompt: 'a red ball', seconds: 8, segments: [{ start: 5, prompt: 'a green ball' }] });
  const first = await edge.claim(video_id);
  const [stored, lost] = [await steer(video_id, { prompt: 'a blue ball', at: 3 }), await steer(video_id, { prompt: 'a cat' })];
  await commit(first, video_id, null, 0, [accepted(stored.id, 24)]);
  await edge.call(video_id, 'release', { epoch: 1, reason: 'shutdown' });
  const { command, directives } = await edge.claim(video_id, 'worker-2');
  assert.deepEqual(
    command.segments.map(({ start_frame, prompt }) => [start_frame, prompt]),
    [
      [24, 'a blue ball'],
      [40, 'a green ball'],
    ],
  );
  assert.deepEqual(idsOf(directives), [lost.id]);
  assert.deepEqual(await statuses(video_id), [
    ['scheduled', 40],
    ['scheduled', 24],
    ['pending', null],
  ]);
});

test('a commit of an older epoch, or one that is refused, stores no answer', async () => {
  const video_id = await edge.create({ prompt: 'a red ball', seconds: 4 });
  const first = await edge.claim(video_id);
  const { id } = await steer(video_id, { prompt: 'a blue ball' });
  const prepared = await prepare(edge, first, video_id, 0);
  const wrong = await edge.call(video_id, 'commit', { epoch: 1, parent: 'another', ...prepared, answers: [accepted(id, 16)] });
  assert.equal(wrong.status, 409);
  await edge.call(video_id, 'release', { epoch: 1, reason: 'shutdown' });
  await edge.claim(video_id, 'worker-2');
  const late = await edge.call(video_id, 'commit', { epoch: 1, parent: null, ...prepared, answers: [accepted(id, 16)] });
  assert.equal(late.status, 409);
  assert.deepEqual(await statuses(video_id), [['pending', null]]);
});

test('of two prompts for one chunk the later one counts, and what the worker refuses has its reason', async () => {
  const segments = [{ start: 2, prompt: 'a green ball' }];
  const video_id = await edge.create({ prompt: 'a red ball', seconds: 4, segments });
  const claim = await edge.claim(video_id);
  const [a, b, c] = [
    await steer(video_id, { prompt: 'a cat', at: 1.5 }),
    await steer(video_id, { prompt: 'a dog', at: 2 }),
    await steer(video_id, { prompt: 'a cow', at: 0.5 }),
  ];
  assert.ok(a && b && c);
  const past: DirectiveAnswer = { id: c.id, outcome: 'refused', reason: 'past', first_free_frame: 9 };
  await commit(claim, video_id, null, 0, [accepted(a.id, 12), accepted(b.id, 16), past]);
  assert.deepEqual(await statuses(video_id), [
    ['refused', 'overtaken'],
    ['refused', 'overtaken'],
    ['scheduled', 16],
    ['refused', 'past'],
  ]);
});

test('a waiting video takes prompts, which its first worker is told with the claim', async () => {
  const video_id = await edge.create({ prompt: 'a red ball', seconds: 4 });
  const sent = await steer(video_id, { prompt: 'a blue ball' });
  assert.deepEqual(idsOf((await edge.claim(video_id)).directives), [sent.id]);
});

test('a prompt that can change nothing is refused, and nothing is recorded', async () => {
  const video_id = await edge.create({ prompt: 'a red ball', seconds: 4 });
  const claim = await edge.claim(video_id);
  await commitChunks(edge, claim, video_id, 0, 4);
  await refused(video_id, { prompt: 'a blue ball', at: 1 }, 409, 'prompt_too_late');
  await refused(video_id, { prompt: 'a blue ball', at: 3.5 }, 400, 'invalid_value');
  await refused(video_id, { prompt: 'a blue ball', at: 'soon' }, 400, 'invalid_value');
  await refused(video_id, { prompt: 'a blue ball', anchor: 'drop' }, 400, 'invalid_value');
  await refused(video_id, { prompt: 'a blue ball', blend: 101 }, 400, 'invalid_value');
  await refused(video_id, { prompt: 'a blue ball', seconds: 3 }, 400, 'unknown_parameter');
  await refused(video_id, { at: 3 }, 400, 'missing_required_parameter');
  await refused(video_id, { prompt: 'a nude child' }, 400, 'moderation_blocked');
  assert.deepEqual(await prompts(video_id), []);
  await steer(video_id, { prompt: 'a blue ball', at: 2 });

  const finished = (await completedVideo(edge)).video_id;
  await refused(finished, { prompt: 'a blue ball' }, 409, 'video_finished');
  const cancelled = await edge.create();
  await edge.asOwner(`/v1/videos/${cancelled}/cancel`, { method: 'POST' });
  await refused(cancelled, { prompt: 'a blue ball' }, 409, 'video_finished');
  const deleted = await edge.create();
  await edge.asOwner(`/v1/videos/${deleted}`, { method: 'DELETE' });
  await refused(deleted, { prompt: 'a blue ball' }, 404, 'video_not_found');
});

test('what nobody answered by the end of the video is refused', async () => {
  const video_id = await edge.create({ prompt: 'a red ball', seconds: 2 });
  const claim = await edge.claim(video_id);
  await steer(video_id, { prompt: 'a blue ball' });
  const parent = await commitChunks(edge, claim, video_id, 0, 4);
  await refused(video_id, { prompt: 'a cat' }, 409, 'prompt_too_late');
  const { status } = await edge.call(video_id, 'complete', { epoch: 1, parent, ...(await finalAssets(edge, claim, video_id)) });
  assert.equal(status, 200);
  assert.deepEqual(await statuses(video_id), [['refused', 'video_ended']]);
});

test('a request that is sent again makes no second prompt', async () => {
  const video_id = await edge.create({ prompt: 'a red ball', seconds: 4 });
  const key = { 'idempotency-key': 'steer-1' };
  const first = await steer(video_id, { prompt: 'a blue ball' }, key);
  const again = await post(video_id, { prompt: 'a blue ball' }, key);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  assert.deepEqual(await again.json(), first);
  await refused(video_id, { prompt: 'a cat' }, 422, 'idempotency_key_reused', key);
  const retry = await steer(video_id, { prompt: 'a blue ball' }, { 'x-stainless-retry-count': '1' });
  assert.equal(retry.id, first.id, "a client's own retry");
  const other = await steer(video_id, { prompt: 'a blue ball' }, { 'x-stainless-retry-count': '0' });
  assert.notEqual(other.id, first.id);
  assert.equal((await prompts(video_id)).length, 2);
});

test('only so many prompts may wait for an answer', async () => {
  const video_id = await edge.create({ prompt: 'a red ball', seconds: 4 });
  for (let i = 0; i < LIVE_PROMPTS_MAX.unanswered; i++) await steer(video_id, { prompt: `a ball ${i}` });
  await refused(video_id, { prompt: 'one too many' }, 409, 'too_many_prompts');
});

test('the first answer to a create is the same again when the video was led elsewhere since', async () => {
  const create = () =>
    edge.asOwner('/v1/videos', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'create-and-steer' },
      body: JSON.stringify({ prompt: 'a red ball', seconds: 'endless', segments: [{ start: 5, prompt: 'a green ball' }] }),
    });
  const first = (await (await create()).json()) as { id: string };
  const claim = await edge.claim(first.id);
  const { id } = await steer(first.id, { prompt: 'a blue ball' });
  await commit(claim, first.id, null, 0, [accepted(id, 16)]);
  const again = await create();
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  assert.deepEqual(await again.json(), first);
});
