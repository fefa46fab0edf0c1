/**
 * What a video that has ended is charged: the frames that it has, which are its whole price where nobody ended it early; a
 * deleted one those that were committed by then; a failed one nothing.
 */
import { deliveredMicroUsd, newFrames } from '@everframe/shared';
import type { Delivery } from '../accounts/ledger.ts';
import { isCancelled } from './transitions.ts';
import type { VideoState } from './video-state.ts';

/** @returns null while the video may still deliver, and where it was made without a price */
export function settlementOf(state: VideoState): Delivery | null {
  const { price, status, command, frames_done, deleted_at_ms } = state;
  if (!price) return null;
  const delivered = { micro_usd: deliveredMicroUsd(price, command, frames_done), seconds: newFrames(command, frames_done) / command.fps };
  switch (status) {
    case 'completed':
      return delivered;
    case 'failed':
      return isCancelled(state) ? delivered : { micro_usd: 0, seconds: 0 };
    case 'queued':
    case 'in_progress':
      return deleted_at_ms === null ? null : delivered;
  }
}
