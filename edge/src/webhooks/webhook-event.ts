/** The event that a video's end makes. Its id follows from the video's, so a repeated errand makes no second one. */
import { RETENTION_DAYS, type WebhookEvent } from '@everframe/shared';
import type { VideoState } from '../videos/video-state.ts';

/** @returns undefined where the video has not ended, or was deleted by its owner */
export function webhookEventOf({ id, status, completed_at_ms, expires_at_ms, deleted_at_ms }: VideoState): WebhookEvent | undefined {
  if (deleted_at_ms !== null) return undefined;
  switch (status) {
    case 'queued':
    case 'in_progress':
      return undefined;
    case 'completed':
    case 'failed': {
      const created_at = Math.floor((completed_at_ms ?? endedAt(expires_at_ms)) / 1000);
      return { id: `evt_${id.replace(/^video_/, '')}`, object: 'event', type: `video.${status}`, created_at, data: { id } };
    }
  }
}

/** A failed video keeps only when it goes. */
function endedAt(expires_at_ms: number | null): number {
  return expires_at_ms === null ? Date.now() : expires_at_ms - RETENTION_DAYS * 24 * 60 * 60 * 1000;
}
