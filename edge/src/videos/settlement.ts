/**
 * What a video that has ended is charged: a completed one its price, an endless, cancelled or deleted one the frames that were
 * committed by then, a failed one nothing.
 */
import { deliveredMicroUsd, newFrames, newSeconds } from '@everframe/shared';
import type { Delivery } from '../accounts/ledger.ts';
import { isCancelled } from './transitions.ts';
import type { VideoState } from './video-state.ts';

/** @returns null while the video may still deliver, and where it was made without a price */
export function settlementOf(state: VideoState): Delivery | null {
  const { price, status, command, endless, frames_done, deleted_at_ms } = state;
  if (!price) return null;
  const delivered = { micro_usd: deliveredMicroUsd(price, command, frames_done), seconds: newFrames(command, frames_done) / command.fps };
  switch (status) {
    case 'completed':
      return endless ? delivered : { micro_usd: price.micro_usd, seconds: newSeconds(command) };
    case 'failed':
      return isCancelled(state) ? delivered : { micro_usd: 0, seconds: 0 };
    case 'queued':
    case 'in_progress':
      return deleted_at_ms === null ? null : delivered;
  }
}
