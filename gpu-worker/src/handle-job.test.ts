import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClaimAnswer, EncoderName, FailureCode } from '@everframe/shared';
import { type EdgeClient, EdgeError } from './edge-client.ts';
import { handleJob } from './handle-job.ts';
import { InferenceError } from './inference-process.ts';
import type { JobContext } from './job.ts';
import { openWasmEncoder } from './media/wasm-encoder.ts';
import { openDevelopmentSigner } from './provenance/development-signer.ts';
import { claimOf, createTestEdge, type TestEdge } from './testing/edge.ts';
import { commandFor, createTestInference } from './testing/inference.ts';

const VIDEO_ID = `video_${'0'.repeat(32)}`;
const MESSAGE = JSON.stringify({ version: 1, video_id: VIDEO_ID, queued_at_ms: 1 });
const folder = await mkdtemp(join(tmpdir(), 'everframe-job-'));
after(() => rm(folder, { recursive: true }));

const signer = await openDevelopmentSigner(join(folder, 'keys'));
const stranger = await openDevelopmentSigner(join(folder, 'other-keys'));
const wasm = openWasmEncoder();
const scratch_dir = join(folder, 'scratch');

/** Handles the message with a healthy worker, except for `change`. */
async function handle(edge: EdgeClient, change: Partial<JobContext> = {}, body = MESSAGE, queueHears = async () => {}) {
  let acknowledged = 0;
  const acknowledge = async () => {
    await queueHears();
    acknowledged++;
  };
  const context: JobContext = {
    worker_id: 'a worker',
    edge,
    inference: createTestInference(),
    encoders: new Map([['wasm', wasm]]),
    package_digests: new Map([['toy', 'cd'.repeat(32)]]),
    signer,
    time_stamp_urls: [],
    scratch_dir,
    log: () => undefined,
    stop: new AbortController().signal,
    ...change,
  };
  const error = await handleJob(context, { body, acknowledge }).catch((cause: unknown) => cause);
  return { error, acknowledged };
}

const DONE = { error: undefined, acknowledged: 1 };

function edgeWith(change: Partial<EdgeClient> = {}, claim: Partial<ClaimAnswer> = {}): TestEdge {
  return createTestEdge(claimOf(commandFor(2), claim), change);
}

test('a claimed video is committed chunk by chunk and completed, and nothing is left in the scratch folder', async () => {
  const edge = edgeWith();
  assert.deepEqual(await handle(edge), DONE);
  assert.deepEqual(edge.calls, [
    ['commit', 0],
    ['commit', 1],
    ['complete', 'commit-1'],
  ]);
  assert.deepEqual(await readdir(scratch_dir), []);
});

test('a worker asks for no chunk beyond the next while the edge holds back the answer to a commit', async () => {
  const made: number[] = [];
  const inference = createTestInference(async function* (...asked) {
    for await (const chunk of createTestInference().generate(...asked)) {
      made.push(chunk.chunk_index);
      yield chunk;
    }
  });
  const edge = createTestEdge(claimOf(commandFor(5)));
  const { commit } = edge;
  const made_while_held: number[] = [];
  edge.commit = async (...args) => {
    // A worker that did not wait would need far fewer turns to have all chunks made.
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    made_while_held.push(made.length);
    return commit(...args);
  };
  assert.deepEqual(await handle(edge, { inference }), DONE);
  assert.equal(made_while_held.length, 5);
  for (const [committed, count] of made_while_held.entries()) {
    assert.ok(count <= committed + 2, `${count} chunks were made before commit ${committed} was answered`);
  }
  const commits = [0, 1, 2, 3, 4].map((chunk_index) => ['commit', chunk_index]);
  assert.deepEqual(edge.calls, [...commits, ['complete', 'commit-4']]);
});

test('every line of a claimed video names the request that asked for it', async () => {
  const lines: unknown[] = [];
  const log: JobContext['log'] = (_level, _message, fields) => lines.push(fields?.request_id);
  assert.deepEqual(await handle(edgeWith({}, { request_id: 'req_1' }), { log }), DONE);
  assert.ok(lines.length >= 2);
  assert.deepEqual([...new Set(lines)], ['req_1']);
});

for (const code of ['video_finished', 'lease_held', 'video_not_found'] as const) {
  test(`a redelivered message is acknowledged without work: ${code}`, async () => {
    const edge = edgeWith({ claim: () => Promise.reject(new EdgeError(code, 'not yours')) });
    assert.deepEqual(await handle(edge), DONE);
    assert.deepEqual(edge.calls, []);
  });
}

test('an unreadable message stays in the queue', async () => {
  for (const body of ['not JSON', '{}', MESSAGE.replace('"version":1', '"version":2')]) {
    const { error, acknowledged } = await handle(edgeWith(), {}, body);
    assert.ok(error instanceof Error, body);
    assert.equal(acknowledged, 0);
  }
});

test('a message stays in the queue while the edge cannot be reached', async () => {
  const unreachable = new EdgeError('unreachable', 'the edge did not answer');
  const { error, acknowledged } = await handle(edgeWith({ claim: () => Promise.reject(unreachable) }));
  assert.equal(error, unreachable);
  assert.equal(acknowledged, 0);
});

const broken = () => Promise.reject(new Error('broken'));
const FAULTS: readonly (readonly [name: string, code: FailureCode, context: Partial<JobContext>, edge?: TestEdge])[] = [
  ['inference that breaks off', 'generation_failed', { inference: inferenceThatThrows(new InferenceError('the child ended', true)) }],
  ['an encoder that breaks off', 'encoding_failed', { encoders: new Map([['wasm', { name: 'wasm', encode: broken }]]) }],
  ['a worker without any encoder', 'encoding_failed', { encoders: new Map() }],
  ["a worker without the video's encoder", 'encoding_failed', {}, edgeWith({}, begunWith('ffmpeg-x264'))],
  ['an encoder that writes other parameter sets', 'encoding_failed', {}, begunDifferently()],
  ['a signer that breaks off', 'signing_failed', { signer: { ...signer, sign: broken } }],
  ['a worker without the model', 'model_unavailable', { inference: { ...createTestInference(), packages: new Map() } }],
  ['a worker with another version of it', 'model_unavailable', {}, edgeWith({}, { command: { ...commandFor(2), model_version: '2.0.0' } })],
  ['an upload that is never accepted', 'worker_lost', {}, edgeWith({ upload: broken })],
];
for (const [name, code, context, edge = edgeWith()] of FAULTS) {
  test(`${name} releases the video with ${code}`, async () => {
    assert.deepEqual(await handle(edge, context), DONE);
    assert.deepEqual(edge.calls.at(-1), ['release', code]);
  });
}

test('a signature that is not trusted fails the video', async () => {
  const edge = edgeWith();
  assert.deepEqual(await handle(edge, { signer: { ...signer, trust_anchors_pem: stranger.trust_anchors_pem } }), DONE);
  assert.deepEqual(edge.calls.at(-1), ['fail', 'signing_failed']);
});

test('a command that no worker can obey fails the video', async () => {
  const edge = edgeWith();
  const inference = inferenceThatThrows(new InferenceError('the command asks for 8x8; toy makes 64x64', false));
  assert.deepEqual(await handle(edge, { inference }), DONE);
  assert.deepEqual(edge.calls, [['fail', 'generation_failed']]);
});

test('a shutdown releases the video after the chunk in hand', async () => {
  const stop = new AbortController();
  const edge = edgeWith();
  const { upload } = edge;
  edge.upload = (...args) => {
    stop.abort();
    return upload(...args);
  };
  assert.deepEqual(await handle(edge, { stop: stop.signal }), DONE);
  assert.deepEqual(edge.calls, [
    ['commit', 0],
    ['release', 'shutdown'],
  ]);
});

test('a video whose lease is lost is left alone', async () => {
  const edge = edgeWith({ beat: () => Promise.reject(new EdgeError('lease_lost', 'another worker has it')) }, { lease_seconds: 0.1 });
  edge.upload = (_ticket, _key, _content, _type, signal) =>
    new Promise((_, reject) => {
      // On a busy machine the lease may be lost before the first upload.
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  assert.deepEqual(await handle(edge), DONE);
  assert.deepEqual(edge.calls, []);
});

test('the lease beats while the queue is slow to hear of the claim', async () => {
  const { edge, beaten } = edgeThatIsBeaten();
  assert.deepEqual(await handle(edge, {}, MESSAGE, () => beaten), DONE);
  assert.deepEqual(edge.calls.at(-1), ['complete', 'commit-1']);
});

test('an upload gets its ticket when it is sent, not when the chunk began', async () => {
  const { edge, beaten } = edgeThatIsBeaten();
  const tickets: string[] = [];
  const { upload } = edge;
  edge.upload = async (ticket, ...rest) => {
    await beaten;
    tickets.push(ticket());
    return upload(ticket, ...rest);
  };
  assert.deepEqual(await handle(edge), DONE);
  assert.equal(tickets[0], 'of the beat');
});

/** `beaten` resolves when the first beat has been answered. */
function edgeThatIsBeaten() {
  const { promise: beaten, resolve } = Promise.withResolvers<void>();
  const edge = edgeWith({}, { lease_seconds: 0.3, ticket: 'of the claim' });
  edge.beat = async () => {
    setImmediate(resolve);
    return { lease_seconds: 30, ticket: 'of the beat' };
  };
  return { edge, beaten };
}

function inferenceThatThrows(error: Error): JobContext['inference'] {
  // biome-ignore lint/correctness/useYield: it breaks off before the first chunk
  return createTestInference(async function* () {
    throw error;
  });
}

/** What a claim says of a video whose first chunk another worker has made. */
function begunWith(encoder: EncoderName): Partial<ClaimAnswer> {
  const asset = { key: 'videos/0/1/init.mp4', sha256: '0'.repeat(64), bytes: 1 };
  const segment = { chunk_index: 0, first_frame: 0, frames: 4, init: asset, media: asset, encoder };
  return { epoch: 2, parent: 'commit-0', segments: [segment], checkpoint: asset };
}

function begunDifferently(): TestEdge {
  const edge = edgeWith({}, begunWith('wasm'));
  edge.stored.set('videos/0/1/init.mp4', Uint8Array.of(1));
  return edge;
}
