/** The largest commit that the contract allows is one that the edge reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommitRequest } from './commit.ts';
import { LIVE_PROMPTS_MAX, LUMA_CELLS_MAX, WORKER_BODY_MAX_BYTES } from './limits.ts';

test('a commit of the longest segment, with every answer, fits into the body of a call', () => {
  const asset = { key: `videos/video_${'f'.repeat(32)}/999999/checkpoint-999999.bin`, sha256: 'f'.repeat(64), bytes: 99_999_999 };
  const cell = { cell: 7199, frames: 120, means: Array.from({ length: 64 }, () => 4080) };
  const answer = {
    ...{ id: `prompt_${'f'.repeat(32)}`, outcome: 'accepted' as const },
    ...{ start_frame: 9_999_999, applied_frame: 9_999_999, chunk_index: 9_999_999 },
  };
  const request: CommitRequest = {
    ...{ epoch: 999_999, parent: `commit-9999999-999999-${'f'.repeat(24)}`, checkpoint: asset },
    segment: {
      ...{ chunk_index: 9_999_999, first_frame: 9_999_999, frames: 9_999_999, init: asset, media: asset },
      ...{ encoder: 'ffmpeg-nvenc', mark: 'f'.repeat(12), luma_cells: Array.from({ length: LUMA_CELLS_MAX }, () => cell) },
    },
    answers: Array.from({ length: LIVE_PROMPTS_MAX.unanswered }, () => answer),
  };
  const text = JSON.stringify(CommitRequest.parse(request));
  assert.ok(text.length <= WORKER_BODY_MAX_BYTES, `${text.length} bytes`);
});
