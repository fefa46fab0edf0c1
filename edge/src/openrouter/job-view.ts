/** A video as OpenRouter's dialect shows it: a job, with addresses of its file that need no key once there is one. */
import { STREAM_URL_SECONDS, type VideoRecord } from '@everframe/shared';
import type { OpenRouterJob } from '../openapi/openrouter-schemas.ts';
import { toVideoView } from '../routes/video-view.ts';
import { signStreamToken } from '../streaming/stream-token.ts';

const MICRO_USD_PER_USD = 1_000_000;

/** What the addresses of a job are made with. */
export interface Addressed {
  /** Where the service is, as its caller sees it. */
  readonly origin: string;
  /** KEY_PEPPER. */
  readonly pepper: string;
}

export async function toJobView(video: VideoRecord, to: Addressed): Promise<OpenRouterJob> {
  const { id, error, usage } = toVideoView(video);
  const polling_url = new URL(`/api/v1/videos/${id}`, to.origin).href;
  const status = statusOf(video);
  const cost = usage?.charged_micro_usd;
  return {
    id,
    polling_url,
    status,
    ...(status === 'completed' && { unsigned_urls: [await fileUrl(id, to)] }),
    ...(typeof cost === 'number' && { usage: { cost: cost / MICRO_USD_PER_USD, is_byok: false } }),
    // Absent or a text: stock clients fail on null.
    ...(error && { error: error.message }),
  };
}

function statusOf({ status, error }: VideoRecord): OpenRouterJob['status'] {
  switch (status) {
    case 'queued':
      return 'pending';
    case 'in_progress':
    case 'completed':
      return status;
    case 'failed':
      return error?.code === 'cancelled' ? 'cancelled' : 'failed';
  }
}

/** For a client that sends no headers: it opens this video alone, and for a day. */
async function fileUrl(id: string, { origin, pepper }: Addressed): Promise<string> {
  const expires_at = Math.floor(Date.now() / 1000) + STREAM_URL_SECONDS.default;
  const token = await signStreamToken(pepper, id, expires_at, 'file');
  return new URL(`/api/v1/videos/${id}/content?index=0&token=${token}`, origin).href;
}
