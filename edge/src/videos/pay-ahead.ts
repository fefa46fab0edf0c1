/** When an endless video must be paid for further: early enough that what its worker has in hand is paid for too. */
import { chunksAhead, describeError, ENDLESS_BLOCK_SECONDS, framesOfChunk, isFinished } from '@everframe/shared';
import type { Extension } from '../accounts/ledger.ts';
import { PACKAGES } from '../catalogue.ts';
import type { Env } from '../env.ts';
import { log } from '../log.ts';
import type { StoredVideo } from './stored-video.ts';
import * as transitions from './transitions.ts';
import type { VideoState } from './video-state.ts';

/** Chunks that a worker may have begun beyond those that its model makes ahead. */
const CHUNKS_IN_HAND = 3;

/** Before more frames of an endless video are taken than are paid for, the next block is, or the video ends. Safe to repeat. */
export async function payAhead(video: StoredVideo, accounts: Env['ACCOUNT'], frames: number): Promise<void> {
  const state = video.load();
  const extension = nextExtension(state, frames);
  if (!extension) return;
  let seconds: number;
  try {
    seconds = await accounts.getByName(state.account_id).extend(extension);
  } catch (error) {
    if (goesUnpaid(state, frames)) throw error;
    // The next chunk asks again.
    log('warn', 'the account did not answer', { video_id: state.id, error: describeError(error) });
    return;
  }
  const now = video.load();
  if (!isFinished(now.status) && now.endless?.blocks === extension.part) video.apply(transitions.payAhead(now, seconds));
}

/**
 * @param frames of the chunk that is to be taken now
 * @returns null where enough is paid, or the video ends anyway
 */
export function nextExtension({ id, command, price, endless, ended_by, frames_done }: VideoState, frames: number): Extension | null {
  if (!endless || !price || ended_by !== null) return null;
  const { paid_seconds, blocks } = endless;
  if (paid_seconds >= command.seconds) return null;
  const model = PACKAGES.find(({ name }) => name === command.model);
  const margin = model ? (chunksAhead(model) + CHUNKS_IN_HAND) * framesOfChunk(model) : 2 * CHUNKS_IN_HAND * frames;
  if (paid_seconds * command.fps - (frames_done + frames) > margin) return null;
  return {
    video_id: id,
    part: blocks,
    seconds: Math.min(ENDLESS_BLOCK_SECONDS, command.seconds - paid_seconds),
    micro_usd_per_second: price.micro_usd_per_second,
  };
}

/** Whether with these frames the video has more than was paid for. */
function goesUnpaid({ command, endless, frames_done }: VideoState, frames: number): boolean {
  return endless !== null && frames_done + frames > endless.paid_seconds * command.fps;
}
