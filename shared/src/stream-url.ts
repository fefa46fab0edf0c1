/** What can be asked of an address under which a video is watched without a key. */
import { z } from 'zod';
import { STREAM_URL_SECONDS } from './limits.ts';

export const CreateStreamUrl = z.strictObject({
  expires_in_seconds: z.int().min(STREAM_URL_SECONDS.min).max(STREAM_URL_SECONDS.max).default(STREAM_URL_SECONDS.default),
});
export type CreateStreamUrl = z.infer<typeof CreateStreamUrl>;
