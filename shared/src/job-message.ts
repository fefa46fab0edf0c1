/** What the queue carries: a doorbell. The video's record says everything else, so a message can be lost, late or doubled. */
import { z } from 'zod';

export const JobMessage = z.object({
  version: z.literal(1),
  video_id: z.string().regex(/^video_[0-9a-f]{32}$/),
  /** Unix milliseconds at which the message was written. */
  queued_at_ms: z.int().positive(),
});
export type JobMessage = z.infer<typeof JobMessage>;
