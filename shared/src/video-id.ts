/** Ids of videos: `video_` and 32 hex digits. The id names the video's Durable Object and the prefix of its objects. */
import { z } from 'zod';

export const VideoId = z.string().regex(/^video_[0-9a-f]{32}$/);
export type VideoId = z.infer<typeof VideoId>;
