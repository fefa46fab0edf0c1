import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommitRequest, EverframeError, FAILURE_CODES, MAX_FRUITLESS_ATTEMPTS, UPLOAD_TIMEOUT_SECONDS } from '@everframe/shared';
import { eraseAt } from './erasure.ts';
import { retryDelay } from './outbox.ts';
import { beat, claim, commit, expireLease, fail, release } from './transitions.ts';
import { newVideoState, type VideoState } from './video-state.ts';

const asset = (key: string) => ({ key, sha256: 'a'.repeat(64), bytes: 1 });

function queuedVideo(): VideoState {
  return newVideoState({
    id: `video_${'0'.repeat(32)}`,
    account_id: 'account_a',
    created_at_ms: 0,
    price: { micro_usd_per_second: 1000, micro_usd: 100_000 },
    request_id: null,
    held: false,
    command: {
      model: 'm',
      model_version: '1',
      prompt: 'p',
      negative_prompt: '',
      segments: [],
      prompt_disclosure: 'hash',
      seed: 1,
      seconds: 100,
      frames: 800,
      fps: 8,
      width: 128,
      height: 128,
    },
  });
}

function nextCommit(state: VideoState): CommitRequest {
  const segment = {
    chunk_index: state.last_commit ? state.last_commit.chunk_index + 1 : 0,
    first_frame: state.frames_done,
    frames: 8,
    init: asset('init'),
    media: asset('media'),
    encoder: 'wasm' as const,
  };
  return { epoch: state.epoch, parent: state.last_commit?.id ?? null, segment, checkpoint: asset('checkpoint') };
}

test('attempts that bring a commit never count, however many there are', () => {
  let state = queuedVideo();
  for (let attempt = 1; attempt <= 10 * MAX_FRUITLESS_ATTEMPTS; attempt++) {
    state = claim(state, 'w', 100).state;
    state = commit(state, nextCommit(state), 100).state;
    state = expireLease(state, 100).state;
    assert.deepEqual([state.status, state.epoch, state.frames_done], ['queued', attempt, 8 * attempt]);
  }
});

test('attempts without a commit count in a row, and the last one fails the video', () => {
  let state = queuedVideo();
  for (let attempt = 1; attempt < MAX_FRUITLESS_ATTEMPTS; attempt++) {
    state = expireLease(claim(state, 'w', 100).state, 100).state;
    assert.equal(state.status, 'queued');
  }
  const last = expireLease(claim(state, 'w', 100).state, 100);
  assert.equal(last.state.error?.code, 'worker_lost');
  assert.deepEqual(
    last.events.map((event) => event.type),
    ['lease_expired', 'failed'],
  );
});

test('a worker that shuts down is no attempt, however often it happens', () => {
  let state = queuedVideo();
  for (let i = 0; i < 10 * MAX_FRUITLESS_ATTEMPTS; i++) {
    state = claim(state, 'w', 100).state;
    state = release(state, { epoch: state.epoch, reason: 'shutdown' }, 50).state;
    assert.equal(state.status, 'queued');
  }
});

test('a worker that ran into errors lets the video wait, longer each time, and the last attempt fails it with the code it gave', () => {
  for (const code of FAILURE_CODES) {
    let state = queuedVideo();
    const waits: (number | undefined)[] = [];
    for (let attempt = 1; attempt < MAX_FRUITLESS_ATTEMPTS; attempt++) {
      state = claim(state, 'w', 100).state;
      const released = release(state, { epoch: state.epoch, reason: 'error', code }, 50);
      assert.deepEqual([released.state.status, released.state.error], ['queued', null]);
      waits.push(released.wait_ms);
      state = released.state;
    }
    assert.deepEqual(waits, [5_000, 30_000]);
    state = claim(state, 'w', 100).state;
    const last = release(state, { epoch: state.epoch, reason: 'error', code }, 50);
    assert.deepEqual([last.state.status, last.state.error?.code], ['failed', code]);
    assert.deepEqual(last.events.at(-1), { type: 'failed', epoch: MAX_FRUITLESS_ATTEMPTS, code });
  }
});

test('an error after a commit waits the shortest time, and a shutdown or a lost lease not at all', () => {
  const claimed = claim(queuedVideo(), 'w', 100).state;
  const committed = commit(claimed, nextCommit(claimed), 100).state;
  assert.equal(release(committed, { epoch: 1, reason: 'error', code: 'generation_failed' }, 50).wait_ms, 5_000);
  assert.equal(release(claimed, { epoch: 1, reason: 'shutdown' }, 50).wait_ms, undefined);
  assert.equal(expireLease(claimed, 100).wait_ms, undefined);
});

test('a claim repeated by its worker before any commit is the same claim with a new end', () => {
  const once = claim(queuedVideo(), 'w', 100).state;
  const twice = claim(once, 'w', 200);
  assert.deepEqual(twice, { state: { ...once, lease: { worker_id: 'w', ends_at_ms: 200 }, ticket_ends_at_ms: 200 }, events: [] });
  const committed = commit(once, nextCommit(once), 100).state;
  assert.throws(() => claim(committed, 'w', 200), /holds the lease/);
});

test('a deleted video is erased when the last upload under its last ticket must have ended, whoever holds it now', () => {
  const erased = (state: VideoState, deleted_at_ms: number) => eraseAt({ ...state, lease: null, deleted_at_ms });
  const last_upload_ms = UPLOAD_TIMEOUT_SECONDS * 1000;
  const queued = queuedVideo();
  const claimed = claim(queued, 'w', 1_000).state;
  assert.equal(erased(queued, 10), 10);
  assert.equal(erased(claimed, 10), 1_000 + last_upload_ms);
  assert.equal(erased(beat(claimed, 1, 2_000).state, 10), 2_000 + last_upload_ms);
  assert.equal(erased(commit(claimed, nextCommit(claimed), 3_000).state, 10), 3_000 + last_upload_ms);
  assert.equal(erased(release(claimed, { epoch: 1, reason: 'shutdown' }, 50).state, 60), 1_000 + last_upload_ms);
  assert.equal(erased(expireLease(claimed, 1_000).state, 5_000), 5_000 + last_upload_ms);
});

test('a video that is not deleted is erased when its time is over, and never before it is finished', () => {
  const claimed = claim(queuedVideo(), 'w', 100).state;
  assert.equal(eraseAt(claimed), null);
  const failed = fail(claimed, 1, 'generation_failed', 50).state;
  assert.equal(eraseAt(failed), failed.expires_at_ms);
});

test('a lease lives until its last millisecond, and a beat moves that', () => {
  const claimed = claim(queuedVideo(), 'w', 100).state;
  assert.equal(expireLease(claimed, 99).state.status, 'in_progress');
  assert.equal(expireLease(claimed, 100).state.status, 'queued');
  assert.equal(expireLease(beat(claimed, 1, 200).state, 199).state.status, 'in_progress');
});

test('a refused step is thrown with its code and changes nothing', () => {
  const state = claim(queuedVideo(), 'w', 100).state;
  const before = structuredClone(state);
  const code = (expected: string) => (error: unknown) => error instanceof EverframeError && error.code === expected;
  assert.throws(() => claim(state, 'other', 100), code('lease_held'));
  assert.throws(() => beat(state, 2, 100), code('lease_lost'));
  assert.throws(() => commit(state, { ...nextCommit(state), parent: 'x' }, 100), code('parent_mismatch'));
  assert.throws(() => fail(state, 0, 'generation_failed', 0), code('lease_lost'));
  assert.deepEqual(state, before);
});

test('errands are retried after 0.2 s, doubled with every failure, at most after 60 s', () => {
  assert.deepEqual([0, 1, 2, 8, 9, 100].map(retryDelay), [200, 400, 800, 51_200, 60_000, 60_000]);
});
