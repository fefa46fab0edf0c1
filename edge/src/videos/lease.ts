/** Who may speak for a video: the holder of its current epoch, and to change it, one whose lease is alive. */
import { EverframeError } from '@everframe/shared';
import type { VideoState } from './video-state.ts';

/** Refuses whatever an older epoch sends, in any state of the video. */
export function requireOwnership(state: VideoState, epoch: number): void {
  if (epoch === state.epoch) return;
  throw new EverframeError('lease_lost', `The video was claimed again: epoch ${state.epoch} counts, not ${epoch}. Stop the work.`);
}

/** The living lease of this epoch. It lives until it is expired here, not by anyone's clock. */
export function requireLease(state: VideoState, epoch: number): NonNullable<VideoState['lease']> {
  requireOwnership(state, epoch);
  switch (state.status) {
    case 'in_progress':
      if (!state.lease) throw new Error('a video in progress has no lease');
      return state.lease;
    case 'queued':
      throw new EverframeError('lease_lost', 'The lease ran out or was given back. Stop the work and claim the video again.');
    case 'completed':
    case 'failed':
      throw new EverframeError('video_finished', `The video is ${state.status}: nothing can be added. Stop the work.`);
  }
}
