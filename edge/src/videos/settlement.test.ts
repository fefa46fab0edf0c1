/** Videos live whatever lives they like, their errands come late, doubled and in any order: the account is right in the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommitRequest, EverframeError, priceOf, secondsAhead } from '@everframe/shared';
import * as ledger from '../accounts/ledger.ts';
import { openSql, randomNumbers } from '../testing/sqlite.ts';
import { nextExtension } from './pay-ahead.ts';
import { settlementOf } from './settlement.ts';
import * as transitions from './transitions.ts';
import { newVideoState, type VideoState } from './video-state.ts';

const PACKAGES = [
  { name: 'm', price_micro_usd_per_second: 1001 },
  { name: 'cheap', price_micro_usd_per_second: 7 },
];
const GRANT = 40_000;
const LEASE_MS = 3;
/** Of the chunks of an endless video, so that some come to the end of a block. */
const LONG_FRAMES = 160;

/** @param seconds 0: endless */
function newVideo(id: string, seconds: number, created_at_ms: number): VideoState {
  const most = seconds === 0 ? 400 : seconds;
  const command = {
    model: seconds === 0 ? 'cheap' : 'm',
    model_version: '1',
    prompt: 'p',
    negative_prompt: '',
    segments: [],
    prompt_disclosure: 'hash',
    seed: 1,
    ...(seconds === 0 && { endless: true as const }),
    seconds: most,
    frames: 8 * most,
    fps: 8,
  };
  const full = { ...command, width: 128, height: 128 } as unknown as VideoState['command'];
  return newVideoState({
    ...{ id, account_id: 'a', command: full, created_at_ms, price: priceOf(full, PACKAGES), request_id: null, held: false },
  });
}

const asset = { key: 'k', sha256: 'a'.repeat(64), bytes: 1 };

function nextCommit(state: VideoState): CommitRequest {
  const frames = Math.min(state.endless ? LONG_FRAMES : 4, state.command.frames - state.frames_done);
  const segment = { chunk_index: state.last_commit ? state.last_commit.chunk_index + 1 : 0, first_frame: state.frames_done, frames };
  return {
    ...{ epoch: state.epoch, parent: state.last_commit?.id ?? null, checkpoint: asset },
    segment: { ...segment, init: asset, media: asset, encoder: 'wasm' },
  };
}

/** Ends other than completion are rare, else few videos would get there. */
const STEPS = [
  ...Array<'claim'>(8).fill('claim'),
  ...Array<'commit'>(24).fill('commit'),
  ...Array<'complete'>(8).fill('complete'),
  ...(['fail', 'cancel', 'release', 'expire', 'delete'] as const),
];

/** One step of a video's life; a step that is refused leaves it as it is. */
function live(state: VideoState, step: (typeof STEPS)[number], now_ms: number): VideoState {
  if (state.deleted_at_ms !== null) return state;
  try {
    switch (step) {
      case 'claim':
        return transitions.claim(state, 'w', now_ms + LEASE_MS).state;
      case 'commit':
        return transitions.commit(state, nextCommit(state), now_ms + LEASE_MS).state;
      case 'complete': {
        const { epoch, last_commit } = state;
        return transitions.complete(state, { epoch, parent: last_commit?.id ?? '', video: asset, thumbnail: asset }, now_ms).state;
      }
      case 'fail':
        return transitions.fail(state, state.epoch, 'encoding_failed', now_ms).state;
      case 'cancel':
        return transitions.cancel(state, now_ms).state;
      case 'release':
        return transitions.release(state, { epoch: state.epoch, reason: 'error', code: 'generation_failed' }, now_ms).state;
      case 'expire':
        return transitions.expireLease(state, now_ms).state;
      case 'delete':
        return { ...state, lease: null, deleted_at_ms: now_ms };
    }
  } catch (error) {
    if (error instanceof EverframeError) return state;
    throw error;
  }
}

test('after any lives of videos the balance is what was granted, less what was delivered, plus what was given back', () => {
  const ends = new Map<string, number>();
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomNumbers(seed);
    const sql = openSql();
    ledger.createLedger(sql);
    ledger.grant(sql, 'grant_1', GRANT, 0);
    const videos = new Map<string, VideoState>();
    const errand = (state: VideoState, now_ms: number) => {
      const settlement = settlementOf(state);
      if (settlement) ledger.settle(sql, state.id, settlement, now_ms);
    };
    const payAhead = (state: VideoState, now_ms: number): VideoState => {
      const extension = state.status === 'in_progress' && state.deleted_at_ms === null ? nextExtension(state, LONG_FRAMES) : null;
      const spending = { unlimited: false, key_budget_micro_usd: null, video_max_micro_usd: null };
      return extension ? transitions.payAhead(state, ledger.extend(sql, extension, spending, now_ms)).state : state;
    };
    const reservedFor = (id: string) => {
      const entries = ledger.listEntries(sql, { before: null, limit: 1000 });
      return entries.reduce((sum, { subject, kind, micro_usd }) => (subject === id && kind === 'reserve' ? sum - micro_usd : sum), 0);
    };
    for (let now_ms = 1; now_ms < 150; now_ms++) {
      const id = `video_${random(8)}`;
      const state = videos.get(id);
      if (!state) {
        const fresh = newVideo(id, random(7), now_ms);
        const seconds = secondsAhead(fresh.command);
        const reservation = { video_id: id, key_id: 'k', model: fresh.command.model, seconds, micro_usd: fresh.price?.micro_usd ?? 0 };
        // As the route does: first the reservation, then the record; and either may be repeated.
        for (let i = 0; i <= random(2); i++) ledger.reserve(sql, reservation, { unlimited: false, key_budget_micro_usd: null }, now_ms);
        videos.set(id, fresh);
        continue;
      }
      const step = STEPS[random(STEPS.length)] ?? 'claim';
      const paid = step === 'commit' ? payAhead(state, now_ms) : state;
      // The account has put it aside, and the video broke off before it knew: its worker commits again.
      const after = paid !== state && random(3) === 0 ? state : live(paid, step, now_ms);
      videos.set(id, after);
      for (let i = random(3); i > 0; i--) errand(videos.get(`video_${random(8)}`) ?? after, now_ms);
      if (random(30) === 0 && ledger.findEntry(sql, id, 'capture')?.micro_usd) ledger.refund(sql, id, now_ms);
    }
    let expected = GRANT;
    for (const state of videos.values()) {
      for (let i = 0; i < 2; i++) errand(state, 1000);
      const settlement = settlementOf(state);
      expected -= settlement?.micro_usd ?? reservedFor(state.id);
      expected += ledger.findEntry(sql, state.id, 'refund')?.micro_usd ?? 0;
      const captured = 0 - (ledger.findEntry(sql, state.id, 'capture')?.micro_usd ?? 0);
      assert.equal(captured, settlement?.micro_usd ?? 0, `seed ${seed}: ${state.id} is charged what it delivered`);
      assert.ok(captured <= reservedFor(state.id), `seed ${seed}: ${state.id} is charged no more than was put aside`);
      if (state.status === 'completed' && !state.endless && state.frames_done === state.command.frames)
        assert.equal(captured, state.price?.micro_usd, `seed ${seed}: a whole video costs its price`);
      if (state.endless && state.endless.blocks > 1) ends.set('extended', (ends.get('extended') ?? 0) + 1);
      if (state.endless && state.status === 'completed') ends.set('endless', (ends.get('endless') ?? 0) + 1);
      if (!state.endless && state.ended_by && state.status === 'completed') ends.set('stopped', (ends.get('stopped') ?? 0) + 1);
      const end = state.deleted_at_ms !== null ? 'deleted' : transitions.isCancelled(state) ? 'cancelled' : state.status;
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    assert.equal(ledger.balanceOf(sql), expected, `seed ${seed}`);
  }
  for (const end of ['completed', 'failed', 'cancelled', 'deleted', 'queued', 'in_progress', 'extended', 'endless', 'stopped']) {
    assert.ok((ends.get(end) ?? 0) > 5, `the lives were of every kind: ${end} ${ends.get(end)}`);
  }
});
