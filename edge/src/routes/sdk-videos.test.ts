/** What else the stock SDK can ask of videos: timed prompts, remixes, and what is refused in its shape. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { type EdgeWithQueue, startEdgeWithQueue } from '../testing/edge-with-queue.ts';
import { refusalOf } from '../testing/refusal-of.ts';

let edge: EdgeWithQueue;
let client: OpenAI;

before(async () => {
  edge = await startEdgeWithQueue({ LEASE_SECONDS: '60' });
  client = new OpenAI({ baseURL: `${edge.address}v1`, apiKey: edge.key.text, maxRetries: 0 });
});
after(() => edge?.close());

type Extra = OpenAI.Videos.VideoCreateParams & Record<string, unknown>;
const create = (fields: object) => client.videos.create(fields as Extra) as unknown as Promise<Record<string, unknown>>;
const countObjects = async () => (await edge.worker.listDurableObjectIds('VIDEO')).length;

const SEGMENTS = [
  { start: 1, prompt: 'a blue ball', anchor: 'keep' },
  { start: 2.5, prompt: 'a green ball', blend: 2 },
];
const ECHOED = [
  { ...SEGMENTS[0], blend: 0 },
  { ...SEGMENTS[1], anchor: 'renew' },
];

test('timed prompts reach the worker, in whichever form they come, and are shown with the video', async () => {
  const sent: [string, Record<string, unknown>][] = [
    ['the SDK', await create({ prompt: 'a red ball', segments: SEGMENTS, negative_prompt: 'rain' })],
  ];
  for (const [form, segments] of [
    ['the SDK with JSON as text', JSON.stringify(SEGMENTS)],
    ['JSON', undefined],
  ] as const) {
    if (segments) sent.push([form, await create({ prompt: 'a red ball', segments, negative_prompt: 'rain' })]);
    else {
      const body = JSON.stringify({ prompt: 'a red ball', segments: SEGMENTS, negative_prompt: 'rain' });
      const response = await edge.asOwner('/v1/videos', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      sent.push([form, (await response.json()) as Record<string, unknown>]);
    }
  }
  for (const [form, video] of sent) {
    assert.deepEqual([video.segments, video.negative_prompt], [ECHOED, 'rain'], form);
    const { command } = await edge.claim(String(video.id));
    assert.deepEqual(
      command.segments,
      [
        { start_frame: 8, prompt: 'a blue ball', anchor: 'keep', blend_chunks: 0 },
        { start_frame: 20, prompt: 'a green ball', anchor: 'renew', blend_chunks: 2 },
      ],
      form,
    );
    assert.equal(command.negative_prompt, 'rain');
    assert.deepEqual((await edge.view(String(video.id))).segments, ECHOED);
  }
});

test('every prompt of a request is judged, and the refusal names it', async () => {
  const before_objects = await countObjects();
  const segments = ['a blue ball', 'a naked child'].map((prompt, i) => ({ start: i + 1, prompt }));
  const { status, code, param } = await refusalOf(create({ prompt: 'a red ball', segments }));
  assert.deepEqual([status, code, param], [400, 'moderation_blocked', 'segments[1].prompt']);
  assert.equal(await countObjects(), before_objects);
});

test('a segment that the model cannot read whole is warned of by its name', async () => {
  const { warnings } = await create({ prompt: 'a red ball', segments: [{ start: 1, prompt: 'red '.repeat(200) }] });
  const [warning] = warnings as { code: string; param: string }[];
  assert.deepEqual([warning?.code, warning?.param], ['prompt_truncated', 'segments[0].prompt']);
});

test('segments in brackets and beside them are one too many', async () => {
  const body = new FormData();
  for (const [name, value] of [
    ['prompt', 'a'],
    ['segments', '[]'],
    ['segments[][start]', '1'],
  ] as const)
    body.append(name, value);
  const response = await edge.asOwner('/v1/videos', { method: 'POST', body });
  const { error } = (await response.json()) as { error: { code: string; param: string } };
  assert.deepEqual([response.status, error.code, error.param], [400, 'unknown_parameter', 'segments[]']);
});

test('a video from before there were timed prompts is shown without any', async () => {
  const id = await edge.create();
  const storage = await edge.worker.getDurableObjectStorage('VIDEO', { name: id });
  await storage.exec("UPDATE video SET command = json_remove(command, '$.segments', '$.negative_prompt')");
  await storage.exec("UPDATE video SET state = json_remove(state, '$.remixed_from_video_id')");
  const { segments, negative_prompt, remixed_from_video_id } = await edge.view(id);
  assert.deepEqual(
    { segments, negative_prompt, remixed_from_video_id },
    { segments: [], negative_prompt: '', remixed_from_video_id: null },
  );
});

test('a remix is a new video under another prompt, else as its parent, and names it', async () => {
  const parent = await create({
    prompt: 'a red ball',
    seconds: '3',
    seed: 7,
    negative_prompt: 'rain',
    segments: [{ start: 1, prompt: 'a dog' }],
  });
  const remix = (await client.videos.remix(String(parent.id), { prompt: ' a blue ball ' })) as unknown as Record<string, unknown>;
  assert.notEqual(remix.id, parent.id);
  const { id, created_at, warnings, ...rest } = remix;
  assert.deepEqual(warnings, []);
  const { id: _id, created_at: _at, warnings: _warnings, ...of_parent } = parent;
  assert.deepEqual(rest, { ...of_parent, prompt: 'a blue ball', segments: [], remixed_from_video_id: parent.id });
  assert.equal((await edge.queue.messages(String(id), 1)).length, 1);
  const { command } = await edge.claim(String(id));
  assert.deepEqual([command.prompt, command.seed, command.seconds, command.segments], ['a blue ball', 7, 3, []]);
  assert.equal((await edge.view(String(id))).remixed_from_video_id, parent.id, 'after its deletion too');
  await client.videos.delete(String(parent.id));
  assert.equal((await edge.view(String(id))).remixed_from_video_id, parent.id);
});

test('a remix is judged, priced and made once like any video, and takes only prompts', async () => {
  const id = await edge.create();
  assert.deepEqual([(await refusalOf(client.videos.remix(id, { prompt: 'a naked child' }))).code], ['moderation_blocked']);
  assert.equal((await refusalOf(client.videos.remix(id, {} as { prompt: string }))).code, 'missing_required_parameter');
  const bad = { prompt: 'a', seconds: 8 };
  const { code, param } = await refusalOf(client.videos.remix(id, bad));
  assert.deepEqual([code, param], ['unknown_parameter', 'seconds']);

  const headers = { 'idempotency-key': crypto.randomUUID() };
  const first = await client.videos.remix(id, { prompt: 'a blue ball' }, { headers });
  assert.equal((await client.videos.remix(id, { prompt: 'a blue ball' }, { headers })).id, first.id);
  const other = await edge.create();
  assert.equal((await refusalOf(client.videos.remix(other, { prompt: 'a blue ball' }, { headers }))).code, 'idempotency_key_reused');
});

test('a video of another account cannot be remixed', async () => {
  const id = await edge.create();
  const stranger = new OpenAI({ baseURL: `${edge.address}v1`, apiKey: (await edge.addKey('account_b')).text, maxRetries: 0 });
  const { status, code } = await refusalOf(stranger.videos.remix(id, { prompt: 'a blue ball' }));
  assert.deepEqual([status, code], [404, 'video_not_found']);
});

test('what no model can do yet is refused in a way that stock clients do not repeat, and says what to do', async () => {
  const file = new File(['x'], 'a.mp4', { type: 'video/mp4' });
  const calls: readonly (readonly [claim: string, call: () => PromiseLike<unknown>, remedy: RegExp])[] = [
    ['create a character', () => client.videos.createCharacter({ name: 'a', video: file }), /prompt/],
    ['get a character', () => client.videos.getCharacter('char_1'), /prompt/],
    [
      'a video with characters',
      () => client.videos.create({ prompt: 'a', ...{ characters: [{ id: 'char_1' }] } }),
      /'characters' yet\. Leave/,
    ],
  ];
  for (const [claim, call, remedy] of calls) {
    const { status, code, message, requestID } = await refusalOf(call());
    assert.equal(status, 400, claim);
    assert.match(String(code), /^unsupported_(operation|parameter)$/);
    assert.match(message, remedy);
    assert.match(String(requestID), /^req_/);
  }
});
