/** New ids of videos, and the refusal of those that name none. */
import { EverframeError, type VideoId } from '@everframe/shared';

export function newVideoId(): VideoId {
  return `video_${crypto.randomUUID().replaceAll('-', '')}`;
}

export function videoNotFound(id: string): EverframeError {
  return new EverframeError('video_not_found', `There is no video '${id.slice(0, 60)}'.`, { param: 'video_id' });
}
