import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommitRequest, EverframeError, MAX_FRUITLESS_ATTEMPTS } from '@everframe/shared';
import { retryDelay } from './outbox.ts';
import { beat, claim, commit, expireLease, fail, release } from './transitions.ts';
import { newVideoState, type VideoState } from './video-state.ts';

const asset = (key: string) => ({ key, sha256: 'a'.repeat(64), bytes: 1 });

function queuedVideo(): VideoState {
  return newVideoState({
    id: `video_${'0'.repeat(32)}`,
    account_id: 'account_a',
    created_at_ms: 0,
    command: { model: 'm', model_version: '1', prompt: 'p', seed: 1, seconds: 100, frames: 800, fps: 8, width: 128, height: 128 },
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
