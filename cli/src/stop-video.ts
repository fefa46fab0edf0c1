/** `--stop <id>`: ends a video from another terminal, with what is made of it. Whoever waits for it gets it. */
import { ApiClient } from './api-client.ts';
import { Failure } from './failure.ts';
import type { Address } from './next-steps.ts';
import { addressOfUrl } from './service.ts';
import { lockFileOf } from './stack/data-dir.ts';
import { findRunningStack } from './stack/stack-lock.ts';

export interface StopVideo {
  readonly id: string;
  readonly url: string | undefined;
  readonly api_key: string | undefined;
  readonly data_dir: string;
  readonly interrupt: AbortSignal;
}

/** @returns what has become of it: a sentence */
export async function stopVideo({ id, interrupt, ...where }: StopVideo): Promise<string> {
  const address = addressOf(where);
  const { status, error, frames } = await new ApiClient(address, interrupt).cancelVideo(encodeURIComponent(id));
  if (error?.code === 'cancelled') return `${id} ended before a frame was made.`;
  if (status === 'completed') return `${id} has ended; ${address.url}/v1/videos/${id}/content has it.`;
  return `${id} ends with the ${frames?.done ?? 0} frames that are made, and those in hand; then ${address.url}/v1/videos/${id}/content has it.`;
}

/** Of a service that was started for one video too: `generate` has its queue for itself, but may be told what to leave. */
function addressOf({ url, api_key, data_dir }: Omit<StopVideo, 'id' | 'interrupt'>): Address {
  if (url !== undefined) return addressOfUrl(url, api_key);
  const running = findRunningStack(lockFileOf(data_dir));
  if (running?.url && running.api_key) return { url: running.url, api_key: running.api_key };
  throw new Failure(`No service runs on ${data_dir}, so nothing is being made there.`);
}
