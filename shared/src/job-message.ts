/** What the queue carries: a doorbell. The video's record says everything else, so a message can be lost, late or doubled. */
import { z } from 'zod';
import { VideoId } from './video-id.ts';

export const JobMessage = z.object({
  version: z.literal(1),
  video_id: VideoId,
  /** Unix milliseconds at which the message was written. */
  queued_at_ms: z.int().positive(),
  /** The request that made the video, for logs; absent from older messages. */
  request_id: z.string().optional(),
  /** `restamp`: the video is published and lacks a time-stamp. Left out: it is to be made. */
  work: z.literal('restamp').optional(),
});
export type JobMessage = z.infer<typeof JobMessage>;
