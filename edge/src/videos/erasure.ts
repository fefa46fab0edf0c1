/** When what is stored of a video goes: its objects, its row, its Durable Object's tables. */
import { UPLOAD_TIMEOUT_SECONDS } from '@everframe/shared';
import type { VideoState } from './video-state.ts';

/**
 * A ticket outlives the lease that was given back, and an upload that began under it may still be under way: what it
 * wrote after the erasure would stay for ever.
 * @returns Unix milliseconds; null while the video is neither finished nor deleted
 */
export function eraseAt({ deleted_at_ms, ticket_ends_at_ms, expires_at_ms }: VideoState): number | null {
  if (deleted_at_ms === null) return expires_at_ms;
  if (ticket_ends_at_ms === null) return deleted_at_ms;
  return Math.max(deleted_at_ms, ticket_ends_at_ms) + UPLOAD_TIMEOUT_SECONDS * 1000;
}
